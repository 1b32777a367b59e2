// npm run nemesis -- crash-points | recovery | --schedules N [--seed S] [--json]: set-up, then a real validator that dies at
// every fail-point, or lives through random faults, and what the chain and its journal say afterwards.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: true });
await import(pathToFileURL(join(root, "dist", "nemesis.js")).href);
