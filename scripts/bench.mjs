// npm run bench -- <name> [--json]: set-up, then one benchmark with its peer in the same run.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
await import(pathToFileURL(join(root, "dist", "bench.js")).href);
