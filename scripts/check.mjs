// npm run check: everything that can be said about the sources without running them. All checks run, so that one
// round shows all there is to mend.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";

const CHECKS = [
  {
    what: "lint and format",
    bin: "@biomejs/biome/bin/biome",
    args: ["check", "."],
    mend: "npx biome check --write .",
  },
  { what: "types", bin: "typescript/bin/tsc", args: ["-p", "."] },
  {
    what: "compiled modules are their sources'",
    bin: "../scripts/compile-wasm.mjs",
    args: ["--check"],
  },
  { what: "boundaries, error catalogue, rooms", bin: "vitest/vitest.mjs", args: ["run", "scripts/checks"] },
  { what: "unused files, exports and packages", bin: "knip/bin/knip.js", args: ["--no-progress"] },
];

setUp({ redis: false });

const failed = [];
for (const { what, bin, args, mend } of CHECKS) {
  const startedAtMs = performance.now();
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", bin), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  if (status !== 0) failed.push(mend ? `${what} (${mend})` : what);
  process.stdout.write(`${status === 0 ? "ok  " : "FAIL"} ${what} · ${seconds} s\n`);
}
if (failed.length > 0) {
  process.stdout.write(`to mend: ${failed.join(", ")}\n`);
  process.exitCode = 9;
}
