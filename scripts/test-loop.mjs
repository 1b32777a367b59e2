// npm run test:loop: set-up, then the tests that run the whole loop for minutes. Arguments go to vitest.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: true });

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
process.argv = [process.execPath, vitest, "run", "--project", "loop", ...process.argv.slice(2)];
await import(pathToFileURL(vitest).href);
