// npm run test:browser: set-up with a browser, then the tests that look at pages as people do.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false, browser: true });

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
process.argv = [process.execPath, vitest, "run", ".browser.test.ts", ...process.argv.slice(2)];
await import(pathToFileURL(vitest).href);
