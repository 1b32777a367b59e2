import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import trainingProof from "../../subnets/training-proof/index.ts";
import type { EpochReport } from "../dev/dev-report.ts";
import { childrenOf } from "../miner-process.ts";
import { type Dev, useDev } from "./dev-process.test-kit.ts";

/*
 * Real solvers, a real chain, real Redis and a real validator: who trained is paid, who did not is named with the interval
 * at which it shows, and neither is forgotten when the validator dies in between.
 */

/** One job for everybody, so that forgers are held against honest solvers in every epoch. */
const CONFIG = JSON.stringify({ ...trainingProof.quickConfig, solversPerJob: 8 });
const SLOW_MS = 420_000;
const HONEST = ["miner-1", "miner-2", "miner-3"];

const startDev = useDev();
const start = (...args: string[]) =>
  startDev("-t", "training-proof", "--config", CONFIG, "--tempo", "160", "--json", ...args);

it(
  "section 6: pays solvers, names forgers with the interval that failed, and ends a dispute at one step",
  async () => {
    const dev = start("--epochs", "2", "--adversaries", "step-skipper,lazy");
    expect(await dev.ended, dev.said.join("\n")).toBe(0);
    const epochs = epochsOf(dev);
    expect(epochs).toHaveLength(2);
    const { miners } = epochs.at(-1)!;
    for (const { name, reason, incentive, why } of miners.filter(({ name }) => HONEST.includes(name))) {
      expect([name, reason]).toEqual([name, "ok"]);
      expect(incentive).toBeGreaterThan(0.2);
      expect(why).toMatchObject({ outcome: "verified" });
    }
    for (const { name, reason, incentive, why } of miners.filter(({ isAdversary }) => isAdversary)) {
      expect([name, reason, incentive]).toEqual([name, "audit-mismatch", 0]);
      const { interval, dispute } = why as Caught;
      expect(interval).toEqual(expect.any(Number));
      expect(dispute).toMatchObject({ interval: expect.any(Number), step: expect.any(Number) });
    }
    expect(miners.find(({ name }) => name === "silent")).toMatchObject({
      reason: "model-missing",
      incentive: 0,
    });
  },
  SLOW_MS,
);

it(
  "a validator that is killed between the commitments and the audit forgets neither who swore nor who is looked at",
  async () => {
    const dev = start("--epochs", "1", "--adversaries", "lazy");
    const offered = await dev.line(/^epoch +\d+ {2}1 questions/);
    killValidator(dev); // what was offered is in the journal, what is trained is in the workshops
    const epoch = Number(/\d+/.exec(offered)![0]) + 1;
    await dev.line(new RegExp(`^epoch +${epoch} {2}2 questions`));
    killValidator(dev); // the picks are drawn, and nothing is opened yet
    expect(await dev.ended, dev.said.join("\n")).toBe(0);
    const [audited] = epochsOf(dev);
    expect(audited!.epoch).toBe(epoch);
    expect(audited!.miners.map(({ name, reason }) => [name, reason])).toEqual([
      ...HONEST.map((name) => [name, "ok"]),
      ["lazy", "audit-mismatch"],
      ["silent", "model-missing"],
    ]);
  },
  SLOW_MS,
);

type Caught = { interval: number; dispute: { interval: number; step: number } };

function epochsOf(dev: Dev): EpochReport[] {
  return JSON.parse(dev.lines.at(-1)!).epochs;
}

/** kill -9; `dev` starts another one. */
function killValidator(dev: Dev): void {
  const validators = childrenOf(dev.process.pid!).filter((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("validator") && words.includes("run");
  });
  expect(validators).toHaveLength(1);
  process.kill(validators[0]!, "SIGKILL");
}
