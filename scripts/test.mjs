// npm test: set-up, then the whole suite that needs no GPU. Arguments go to vitest: npm test -- shared/keys
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: true });

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
process.argv = [process.execPath, vitest, "run", ...process.argv.slice(2)];
await import(pathToFileURL(vitest).href);
