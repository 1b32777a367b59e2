// npm run scenario -- --runtime FILE [--json]: one life of a subnet on both engines, compared.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
await import(pathToFileURL(join(root, "dist", "scenario.js")).href);
