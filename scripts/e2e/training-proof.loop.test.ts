import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { readJournal } from "../../shared/journal/journal.ts";
import trainingProof from "../../subnets/training-proof/index.ts";
import type { DevOutcome } from "../dev/dev-report.ts";
import { childrenOf } from "../miner-process.ts";
import { runCli } from "../run-cli.test-kit.ts";
import { type Dev, useDev } from "./dev-process.test-kit.ts";

/*
 * Real solvers, a real chain, real Redis and a real validator: who trained is paid, who did not is named with the interval
 * at which it shows, and neither is forgotten when the validator dies in between.
 */

/** One job for everybody, so that forgers are held against honest solvers in every epoch. */
const CONFIG = JSON.stringify({ ...trainingProof.quickConfig, solversPerJob: 8 });
/** 36 s an epoch: a validator that starts again does so within a stage. */
const PACE = ["--block-time", "250", "--tempo", "144"];
const SLOW_MS = 420_000;
const HONEST = ["miner-1", "miner-2", "miner-3"];

const startDev = useDev();
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

it(
  "section 6: pays solvers, names forgers with interval and operator, and forgets nothing when the validator is killed between commitments and audit",
  async () => {
    const data = await mkdtemp(join(tmpdir(), "subforge-training-"));
    folders.push(data);
    const asked = ["-t", "training-proof", "--config", CONFIG, "--adversaries", "step-skipper,lazy"];
    const dev = startDev(...asked, ...PACE, "--epochs", "2", "--data", data, "--json");

    // The next jobs are trained and sworn to while weights of this epoch are set.
    const first = Number(/\d+/.exec(await dev.line(/^weights +\d+ .*read back/))![0]);
    await killValidator(dev);
    const netuid = Number(/\d+/.exec(dev.said.find((line) => line.startsWith("subnet"))!)![0]);
    const audit = { netuid, mechanism: 0, epoch: first + 1 };
    await expect.poll(() => hasBegun(data, audit, "open"), { timeout: SLOW_MS }).toBe(true);
    await killValidator(dev); // the picks are drawn, and states are on their way

    expect(await dev.ended, dev.said.join("\n")).toBe(0);
    const { epochs } = JSON.parse(dev.lines.at(-1)!) as DevOutcome;
    expect(epochs.map(({ epoch }) => epoch)).toEqual([first, first + 1]);
    for (const { miners } of epochs) {
      expect(miners.map(({ name, reason }) => [name, reason])).toEqual([
        ...HONEST.map((name) => [name, "ok"]),
        ["step-skipper", "audit-mismatch"],
        ["lazy", "audit-mismatch"],
        ["silent", "model-missing"],
      ]);
      for (const { name, incentive, why } of miners) {
        const isHonest = HONEST.includes(name);
        expect([name, isHonest ? incentive > 0.1 : incentive]).toEqual([name, isHonest ? true : 0]);
        if (isHonest) expect(why).toMatchObject({ outcome: "verified" });
        else if (name !== "silent") expect(why).toMatchObject({ interval: expect.any(Number) });
      }
    }
    const forgers = epochs[0]!.miners.filter(({ isAdversary }) => isAdversary);
    const place = { interval: expect.any(Number), step: expect.any(Number), operator: expect.any(String) };
    for (const { hotkey, why } of forgers) {
      expect(why).toMatchObject({ dispute: place });
      const journal = ["--data", join(data, "validator"), "--epoch", String(first), "--json"];
      const { stdout } = await runCli(["validator", "explain", hotkey, ...journal]);
      expect(JSON.parse(stdout).scores).toMatchObject([{ whole: [why] }]);
    }
  },
  SLOW_MS,
);

/** Is that stage asked, or was it? */
function hasBegun(
  data: string,
  key: { netuid: number; mechanism: number; epoch: number },
  name: string,
): boolean {
  const journal = readJournal(join(data, "validator", "journal.db"));
  try {
    return journal.epochs.stages(key).some(({ stage, status }) => stage === name && status !== "waiting");
  } finally {
    journal.close();
  }
}

/** kill -9; `dev` starts another one. */
async function killValidator(dev: Dev): Promise<void> {
  const validators: number[] = [];
  for (const pid of childrenOf(dev.process.pid!)) {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    if (words.includes("validator") && words.includes("run")) validators.push(pid);
  }
  expect(validators).toHaveLength(1);
  process.kill(validators[0]!, "SIGKILL");
}
