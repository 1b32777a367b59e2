import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Set-up of the whole suite: the processes that tests start run from dist/. */
export default function buildBeforeTests(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL("../build.mjs", import.meta.url))], {
    stdio: "inherit",
  });
}
