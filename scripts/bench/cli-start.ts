import { execFileSync } from "node:child_process";
import { processEntry } from "../../shared/process-entry.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";

const ROUNDS = 7;
/** Starts of one side in a round: one alone is shorter than the noise. */
const STARTS = 5;
/** `--help` may cost at most 2.5 times an empty Node process. */
const REQUIRED = 1 / 2.5;

/** CPU time of `subforge --help`, against a Node process that does nothing. */
export function benchCliStart(): BenchCase[] {
  const cli = processEntry("cli");
  const rounds: Round[] = [];
  cpuMsPerStart([cli, "--help"]); // files into the page cache
  for (let round = 0; round < ROUNDS; round++) {
    const peer = cpuMsPerStart(["-e", "0"]);
    rounds.push({ peer, ours: cpuMsPerStart([cli, "--help"]) });
  }
  return [compareCosts("--help against node -e 0", "ms CPU per start", REQUIRED, rounds)];
}

/** User and system time, as the shell that waited for the processes counts it: Node cannot ask for its children's. */
function cpuMsPerStart(args: string[]): number {
  const script = `i=0; while [ $i -lt ${STARTS} ]; do "$@" >/dev/null || exit 1; i=$((i+1)); done; times`;
  const printed = execFileSync("sh", ["-c", script, "sh", process.execPath, ...args], { encoding: "utf8" });
  const children = printed.trim().split("\n").at(-1) ?? "";
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return (
    times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0) /
    STARTS
  );
}
