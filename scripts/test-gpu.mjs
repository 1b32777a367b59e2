// npm run test:gpu: set-up, then the CUDA suite. Where something is missing it says what and skips, which is no failure.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });

const check = spawnSync(process.execPath, [join(root, "dist", "cli.js"), "gpu", "check", "--json"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
const found = JSON.parse(check.stdout);
if (found.error) {
  process.stderr.write(`${found.error.code}  ${found.error.message}\n`);
  process.exitCode = check.status ?? 1;
} else if (!found.ready && !found.tried) {
  const why = found.problems.map(({ what }) => what).join("; ");
  process.stdout.write(`no CUDA device: ${why}; the CUDA suite is skipped\n`);
} else {
  for (const { index, name } of found.gpus)
    process.stdout.write(`GPU ${index}  ${name}, driver ${found.driver}\n`);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  process.argv = [
    process.execPath,
    vitest,
    "run",
    ".gpu.test.ts",
    "--reporter=verbose",
    ...process.argv.slice(2),
  ];
  await import(pathToFileURL(vitest).href);
}
