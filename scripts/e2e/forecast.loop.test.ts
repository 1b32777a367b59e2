import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { packageRoot } from "../../shared/process-entry.ts";
import { listModels } from "../../subnets/models.ts";
import { readSource } from "../checks/sources.ts";
import type { DevOutcome } from "../dev/dev-report.ts";
import { runCli } from "../run-cli.test-kit.ts";
import { useDev } from "./dev-process.test-kit.ts";

/*
 * Real miners of two roles, a real chain, real Redis and a real validator: the combined forecast and its weights reach
 * consumers, signed, and the chain pays by them.
 */

const SLOW_MS = 300_000;
/** 15 s an epoch, which leaves a silent miner its whole deadline. */
const PACE = ["--block-time", "250", "--tempo", "60"];

const startDev = useDev();

/** What docs/forecast.md says to type, line by line. */
const typed = [...(readSource("docs/forecast.md") ?? "").matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(
  ([, block]) => block!.trim().split("\n"),
);

/** The words of the one line that begins like this. */
function wordsAfter(beginning: string): string[] {
  const lines = typed.filter((line) => line.startsWith(beginning));
  expect([beginning, lines.length]).toEqual([beginning, 1]);
  return lines[0]!.slice(beginning.length).split(" ");
}

it(
  "section 5: inferers and forecasters are asked side by side, paid by verified weights, and read by consumers",
  async () => {
    const dev = startDev(...wordsAfter("npx subforge dev "), ...PACE, "--json");
    expect(await dev.ended, dev.said.join("\n")).toBe(0);
    const { epochs, results } = JSON.parse(dev.lines.at(-1)!) as DevOutcome;
    expect(epochs).toHaveLength(3);
    for (const { sent, readBack } of epochs) expect(readBack).toEqual(sent);

    const { miners, roles } = epochs.at(-1)!;
    expect(roles.map(({ role }) => role).sort()).toEqual(["forecaster", "inferer"]);
    // Three nonces prove little, and equal answers count once: who answered is paid, or told why it is not yet.
    for (const { name, role, reason, incentive } of miners) {
      if (role === undefined) expect({ name, reason }).toEqual({ name: "silent", reason: "timeout" });
      else expect(["ok", "unproven", "below-baseline", "duplicate-answer"], name).toContain(reason);
      if (reason !== "ok") expect([name, incentive]).toEqual([name, 0]);
    }

    const [topic, ...others] = results!.topics;
    expect(others).toEqual([]);
    expect(topic).toMatchObject({ topic: expect.stringMatching(/-series$/), verified: true });
    const { ci, value } = topic!;
    expect(ci.toSorted((a, b) => a - b)).toEqual([...ci]);
    expect(value).toEqual(expect.any(Number));
  },
  SLOW_MS,
);

it(
  "the page has no other commands than those tried here: each model may be served, and rows are measured",
  async () => {
    expect(typed).toHaveLength(3);
    const check = wordsAfter("npx subforge miner check ");
    for (const { name, path } of await listModels("forecast")) {
      const words = check.map((word) => (word === "MODEL" ? path : word));
      const { stdout } = await runCli(["miner", "check", ...words, "--json"]);
      const { findings } = JSON.parse(stdout) as { findings: { what: string; state: string }[] };
      expect(findings, name).toContainEqual(expect.objectContaining({ what: "model", state: "ok" }));
    }
    const measure = [join(packageRoot(), "scripts", "sim.mjs"), ...wordsAfter("npm run sim -- ")];
    const { stdout } = await promisify(execFile)(process.execPath, measure);
    expect(stdout).toContain("combined against naive");
  },
  SLOW_MS,
);
