import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../run-cli.test-kit.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "subforge-gate-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A template of one's own around a score function, with an adversary that answers nothing but zeros. */
function writeTemplate(name: string, score: string): string {
  const own = join(folder, name);
  mkdirSync(join(own, "template"), { recursive: true });
  const source = `
import { defineTask } from "subforge/define-task";
const numbers = (value) => {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "number")) throw new Error("numbers");
  return value;
};
const sums = (x) => x.map((each, i) => each + (x[i + 1] ?? 0));
const right = ({ x }, y) => sums(x).filter((sum, i) => sum === y[i]).length / x.length;
export default defineTask({
  name: "${name}",
  version: "1",
  timeoutMs: 1000,
  tasksPerEpoch: 4,
  createTask: (random) => ({ request: { x: Array.from({ length: 16 }, () => random.below(1000)) } }),
  parseRequest: ({ x }) => ({ x: numbers(x) }),
  parseResponse: ({ y }) => ({ y: numbers(y) }),
  answer: async (request, miner) => ({ y: Array.from((await miner.infer({})).y.data, Number) }),
  imitate: ({ x }, { skill, random }) => ({
    y: {
      dtype: "float64",
      shape: [x.length],
      data: Float64Array.from(sums(x), (sum) => (random.uniform() < skill ? sum : -1)),
    },
  }),
  score: (request, answers) => answers.map((a) => (a.ok ? ${score} : 0)),
  agents: [
    {
      name: "zeros",
      describe: "answers with zeros and never looks",
      cost: 0.05,
      answer: async ({ x }) => ({ y: x.map(() => 0) }),
    },
  ],
});
`;
  writeFileSync(join(own, "template", "index.ts"), source);
  return own;
}

describe("the attack gate", { timeout: 90_000 }, () => {
  it.each([
    ["pays for right answers", "fair", "right(request, a.response.y)", 0, "ok"],
    ["pays every answer the same", "constant", "1", 9, "fail"],
    ["pays for length", "length", "a.response.y.length / 16", 9, "fail"],
  ])("a scorer that %s", async (_, name, score, exitCode, verdict) => {
    const own = writeTemplate(name, score);
    const words = [
      "sim",
      "attack",
      "-t",
      own,
      "--epochs",
      "6",
      "--json",
      "--out",
      join(folder, `${name}-out`),
    ];
    const ended = await runCli(words);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(exitCode);
    const { ok, rows } = JSON.parse(ended.stdout);
    expect(ok).toBe(exitCode === 0);
    expect(rows.find((row: { name: string }) => row.name === "zeros")).toMatchObject({ verdict });
  });
});
