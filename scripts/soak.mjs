// npm run soak -- miner|validator [--minutes N] [--json]: set-up, then the real thing under mixed load, its memory watched.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: process.argv.includes("validator") });
await import(pathToFileURL(join(root, "dist", "soak.js")).href);
