// npm run fuzz [-- --seed N --count N --json]: set-up, then mutated messages against a real node over its sockets.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
await import(pathToFileURL(join(root, "dist", "fuzz.js")).href);
