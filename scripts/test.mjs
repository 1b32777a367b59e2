// npm test: set-up, then the suite that needs no GPU, but for what runs for minutes (test-loop.mjs). Arguments go to vitest: npm test -- shared/keys
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: true });

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
process.argv = [process.execPath, vitest, "run", "--project", "!loop", ...process.argv.slice(2)];
await import(pathToFileURL(vitest).href);
