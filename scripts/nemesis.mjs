// npm run nemesis -- crash-points [--only TEXT] [--json]: set-up, then a real validator that dies at every fail-point, and
// what the chain and the journal say afterwards.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: true });
await import(pathToFileURL(join(root, "dist", "nemesis.js")).href);
