import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, runCli } from "../run-cli.test-kit.ts";

/** Each starts processes, which take their time where others work. */
const PATIENCE_MS = 90_000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "subforge-sim-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const sim = (...words: string[]): Promise<Ended> => runCli(["sim", ...words]);
const out = (name: string): string => join(folder, name);

describe("subforge sim run", { timeout: PATIENCE_MS }, () => {
  it("writes every kind of report, prints one document, and the same bytes for the same question", async () => {
    const words = ["run", "--epochs", "8", "--runs", "2", "--seed", "7", "--json", "--out"];
    const [first, again] = [await sim(...words, out("a")), await sim(...words, out("b"))];
    expect([first.exitCode, again.exitCode], first.stdout + first.stderr).toEqual([0, 0]);
    const { summary, folder: at } = JSON.parse(first.stdout);
    expect(summary).toMatchObject({ scenario: "competition", epochs: 8, runs: 2 });
    expect(readdirSync(at)).toEqual(
      expect.arrayContaining(["epochs.csv", "index.html", "report.json", "report.md", "summary.json"]),
    );
    for (const file of readdirSync(at)) {
      expect(readFileSync(join(out("b"), file)), file).toEqual(readFileSync(join(at, file)));
    }
  });

  it("holds a run against a stored summary, and exits 9 when a number moved", async () => {
    const run = (...words: string[]) => sim("run", "--epochs", "8", "--json", ...words);
    await run("--out", out("held"));
    const stored = join(out("held"), "summary.json");
    expect((await run("--hold", stored, "--out", out("same"))).exitCode).toBe(0);
    const moved = await run("--scenario", "cabal", "--hold", stored, "--out", out("moved"));
    expect(moved.exitCode).toBe(9);
    expect(JSON.parse(moved.stdout).regression.moved.length).toBeGreaterThan(0);
  });

  it("sweeps a field of a scenario from a file, compares it with another, and never writes over another's outcome", async () => {
    const file = out("mine.json");
    const miners = [{ name: "honest", count: 3, skill: { from: 0.5, to: 0.9 } }];
    const validators = [{ name: "v", count: 2, stake: 1 }];
    writeFileSync(file, JSON.stringify({ name: "mine", epochs: 6, miners, validators }));
    const words = [
      "run",
      "--scenario",
      file,
      "--sweep",
      "honest.count=2,4",
      "--compare",
      "newcomer",
      "--epochs",
      "30",
    ];
    const swept = await sim(...words, "--json", "--out", out("swept"));
    expect(swept.exitCode, swept.stdout).toBe(0);
    const { sweep, comparison } = JSON.parse(swept.stdout);
    expect(sweep.points.map(({ values }: { values: object }) => values)).toEqual([
      { "honest.count": 2 },
      { "honest.count": 4 },
    ]);
    expect(comparison).toMatchObject({ a: "mine", b: "newcomer" });
    const over = await sim("run", "--epochs", "8", "--out", out("swept"), "--json");
    expect([over.exitCode, JSON.parse(over.stdout).error.code]).toEqual([3, "SIM_FOLDER_TAKEN"]);
  });

  it("finds the stake from which a whale pays: about half of all", async () => {
    const found = await sim(
      "run",
      "--find-breakeven",
      "whale.stake",
      "--epochs",
      "6",
      "--json",
      "--out",
      out("even"),
    );
    expect(found.exitCode, found.stdout).toBe(0);
    const [{ outcome, value }] = JSON.parse(found.stdout).breakEvens;
    expect(outcome).toBe("pays from");
    expect(value).toBeGreaterThan(0.45);
    expect(value).toBeLessThan(0.56);
  });

  it.each([
    [["run", "--scenario", "nowhere.json"], 3, "SIM_FILE_UNREADABLE"],
    [["run", "--sweep", "chain.kappa"], 2, "CLI_USAGE"],
    [["run", "--sweep", "chain.kapa=0.4"], 3, "CONFIG_INVALID"],
    [["run", "--find-breakeven", "nobody.noise"], 2, "CLI_USAGE"],
    [["attack", "-t", "hello", "--only", "nobody"], 2, "CLI_USAGE"],
    [["report", "nowhere"], 3, "SIM_FILE_UNREADABLE"],
  ])("refuses %j", async (words, exitCode, code) => {
    const ended = await sim(...words, "--json");
    expect([ended.exitCode, JSON.parse(ended.stdout).error?.code]).toEqual([exitCode, code]);
  });
});

describe("subforge sim report", { timeout: PATIENCE_MS }, () => {
  it("makes each form again from what is stored, byte for byte", async () => {
    await sim("run", "--epochs", "8", "--out", out("report"));
    for (const [format, file] of [
      ["html", "index.html"],
      ["md", "report.md"],
      ["csv", "epochs.csv"],
    ] as const) {
      const { stdout } = await sim("report", out("report"), "--format", format);
      expect(stdout, format).toBe(readFileSync(join(out("report"), file), "utf8"));
    }
  });
});
