// npm run interop [-- --client NAMES] [--refresh] [--json]: set-up, then the checklist with every foreign client.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
await import(pathToFileURL(join(root, "dist", "interop.js")).href);
