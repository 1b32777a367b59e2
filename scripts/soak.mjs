// npm run soak -- miner [--minutes N] [--json]: set-up, then a real miner under mixed load, and its memory watched.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
await import(pathToFileURL(join(root, "dist", "soak.js")).href);
