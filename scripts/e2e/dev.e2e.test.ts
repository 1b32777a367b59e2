import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { useDev } from "./dev-process.test-kit.ts";

/** Short epochs that still leave a silent miner its whole deadline. */
const FAST = ["--block-time", "200", "--tempo", "72", "--config", '{"rounds":2}'];

const startProcess = useDev();
const startDev = (...args: string[]) => startProcess(...FAST, ...args);

describe("subforge dev", () => {
  it("section 14, inference: pays models by their quality, by weights that were read back, and nothing to a guesser, a copycat, a lazy and a silent miner", async () => {
    const dev = startDev("--epochs", "2", "--json", "--adversaries", "copycat,lazy");
    expect(await dev.ended).toBe(0);
    const document = JSON.parse(dev.lines.at(-1)!);

    expect(document.epochs).toHaveLength(2);
    for (const { sent, readBack, miners } of document.epochs) {
      expect(readBack).toEqual(sent);
      expect(miners).toHaveLength(12);
    }
    const { spearman, miners } = document.epochs.at(-1);
    expect(spearman).toBeGreaterThanOrEqual(0.95);
    assertHarmless(document.adversaries);
    const of = (name: string) => miners.find((miner: { name: string }) => miner.name === name);
    expect(of("guesser").incentive).toBeLessThan(0.001);
    expect(of("guesser").reason).toBe("below-baseline");
    expect(of("silent").incentive).toBeLessThan(0.001);
    expect(of("silent").reason).toBe("timeout");
  }, 180_000);

  it.skipIf(!process.env.SUBFORGE_ALL_PRESETS).each(["anomaly", "recommend", "contract-audit"])(
    "section 14, inference: the same of the preset %s (SUBFORGE_ALL_PRESETS=1)",
    async (preset) => {
      const dev = startDev("--epochs", "3", "--json", "--adversaries", "copycat,lazy", "--preset", preset);
      expect(await dev.ended).toBe(0);
      const { spearman, adversaries } = JSON.parse(dev.lines.at(-1)!);
      expect(spearman).toBeGreaterThanOrEqual(0.95);
      assertHarmless(adversaries);
    },
    300_000,
  );

  it("says what happens line by line, and ends on Ctrl+C within ten seconds without leaving a process behind", async () => {
    const dev = startDev();
    await dev.line(/^epoch .* questions to 10 miners/);
    const family = descendantsOf(dev.process.pid!);
    expect(family.length).toBeGreaterThan(10); // Redis, validator, workers, inference processes

    const asked = performance.now();
    dev.process.kill("SIGINT");
    expect(await dev.ended).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000); // promise P14, not a benchmark
    expect(family.filter(isAlive)).toEqual([]);
    expect(dev.lines.slice(0, 2).join()).toMatch(/^chain .*ws:.*subnet/);
  }, 120_000);

  it("refuses a knob, an adversary or a number that makes no sense before anything starts", async () => {
    for (const [args, code, exit] of [
      [["--preset", "poetry"], "CONFIG_INVALID", 3],
      [["--adversaries", "poet"], "CLI_USAGE", 2],
      [["--epochs", "0"], "CLI_USAGE", 2],
      [["--template", "poetry"], "SUBNET_UNKNOWN", 2],
    ] as const) {
      const dev = startDev("--json", ...args);
      expect(await dev.ended).toBe(exit);
      expect(JSON.parse(dev.lines.at(-1)!).error.code).toBe(code);
    }
  }, 60_000);
});

/** What section 14 allows a copy of the best model, and one that does not look at its questions. */
function assertHarmless(adversaries: { name: string; ofBest: number }[]): void {
  const of = new Map(adversaries.map(({ name, ofBest }) => [name, ofBest]));
  expect(of.get("copycat")).toBeLessThan(0.05);
  expect(of.get("lazy")).toBeLessThan(0.01);
}

function descendantsOf(root: number): number[] {
  const table = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" });
  const rows = table
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found = [root];
  for (const parent of found) found.push(...rows.flatMap(([pid, ppid]) => (ppid === parent ? [pid!] : [])));
  return found.slice(1);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
