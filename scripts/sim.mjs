// npm run sim -- criteria [--json] [--nightly] [--only TEXT]: set-up, then every acceptance row that is implemented.
// npm run sim -- run|attack|report ...: the same as subforge sim, from a clone.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
const isCriteria = process.argv[2] === "criteria";
if (!isCriteria) process.argv.splice(2, 0, "sim");
await import(pathToFileURL(join(root, "dist", isCriteria ? "criteria.js" : "cli.js")).href);
