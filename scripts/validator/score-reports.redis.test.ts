import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openJournal, readJournal } from "../../shared/journal/journal.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { inlineScorer } from "../../validator/scoring/scorer.ts";
import {
  breaksOff,
  doubling,
  honest,
  type Net,
  startNet,
  useTestBench,
  wrong,
} from "../../validator/test-validator.test-kit.ts";
import { explainScore, type ScoreExplanation } from "./explain-score.ts";
import { type Replay, replayEpoch } from "./replay-epoch.ts";

const bench = useTestBench();
const data = mkdtempSync(join(tmpdir(), "subforge-reports-"));
const path = join(data, "journal.db");
let first = 0;
let last = 0;
let miners: Hotkey[] = [];

/** One real round after the other, until the secret of a scored one is public; all reports are about them. */
beforeAll(async () => {
  const net: Net = await startNet(bench, { template: doubling, miners: [honest, wrong, breaksOff] });
  const scored = await net.until("epoch.scored");
  first = scored.epoch;
  miners = scored.scores.map(({ hotkey }) => hotkey);
  await net.until("weights.verified", ({ epoch }) => epoch === first);
  const journal = readJournal(net.journalPath);
  await net.untilTrue(async () => journal.epochs.disclosedSecret(2, first) !== undefined);
  journal.close();
  last = (await net.until("epoch.scored", ({ epoch }) => epoch > first)).epoch;
  await net.stop();
  copyJournal(net.journalPath, path);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

const records = { data, netuid: undefined, mechanism: undefined };
const wallet = {
  ...{ wallet: "none", hotkey: "none", walletPath: data, allowUnsafeKeyfile: false },
  ...{ passwordFile: undefined, passwordFd: undefined, devKey: undefined as string | undefined },
};

/** With the log of what is not in the file itself yet. */
function copyJournal(from: string, to: string): void {
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}

/** What a command prints. */
async function printed<T>(work: () => Promise<T>): Promise<{ text: string; result: T }> {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    const result = await work();
    return { text, result };
  } finally {
    write.mockRestore();
  }
}

async function explain(miner: Hotkey, epoch?: number): Promise<ScoreExplanation> {
  const { text } = await printed(() => explainScore({ ...records, json: true, miner, epoch }));
  return (JSON.parse(text) as { scores: ScoreExplanation[] }).scores[0]!;
}

async function replay(
  epoch: number,
  options: { template?: SubnetTemplate; devKey?: string; from?: string } = {},
): Promise<{ exitCode: number; replay: Replay }> {
  const { template = doubling, devKey, from = data } = options;
  const args = {
    ...records,
    ...wallet,
    data: from,
    devKey,
    json: true,
    logLevel: "silent" as const,
    epoch,
    template: "hello",
  };
  const deps = {
    loadTemplate: async () => template,
    codeOf: () => "ab",
    openScorer: async () => inlineScorer(template),
  };
  const { text, result } = await printed(() => replayEpoch(args, deps));
  return { exitCode: result, replay: JSON.parse(text) as Replay };
}

describe("validator explain", () => {
  it("tells from the journal alone how a score came about", async () => {
    const told = await explain(miners[0]!, first);
    expect(told).toMatchObject({
      ...{
        epoch: first,
        status: "scored",
        uid: 1,
        score: 1,
        reason: "ok",
        asked: 4,
        answered: 4,
        kept: true,
      },
      smoothing: { before: {}, after: { averages: 1 } },
      weight: { value: 65535, share: 1 },
      receipt: { status: "verified", basis: "scored" },
    });
    expect(told.tasks).toHaveLength(4);
    for (const task of told.tasks) {
      expect(task).toMatchObject({ epoch: first, stage: "ask", outcome: "ok", evidence: [{ score: 1 }] });
      expect(task.replyBytes).toBeGreaterThan(0);
    }
  });

  it.each([
    ["answered wrong", 1, "below-baseline", "ok"],
    ["broke off", 2, "connect-failed", "connect-failed"],
  ])("says why a miner that %s has nothing", async (_, miner, reason, outcome) => {
    const told = await explain(miners[miner]!, first);
    expect(told).toMatchObject({ score: 0, reason, weight: { value: 0, share: 0 } });
    expect(told.tasks.map((task) => task.outcome)).toEqual(Array(4).fill(outcome));
  });

  it("takes the last epoch that says something, and says it in words", async () => {
    const args = { ...records, json: false, miner: miners[0]!, epoch: undefined };
    const { text } = await printed(() => explainScore(args));
    expect(text).toMatch(
      new RegExp(`^${miners[0]}  uid 1  netuid 2, mechanism 0, epoch ${last}  doubling 1`),
    );
    expect(text).toMatch(/score +1 {2}\(ok; asked 4, answered 4\)/);
    expect(text).toMatch(/kept +averages: 1 before, 1 after/);
  });

  it("names the hotkey that is like an unknown one, and the epochs that know a known one", async () => {
    const slip = `${miners[0]!.slice(0, -1)}_`;
    await expect(explain(slip)).rejects.toMatchObject({
      code: "JOURNAL_NO_RECORD",
      hint: expect.stringContaining(miners[0]!),
    });
    await expect(explain(miners[0]!, 0)).rejects.toMatchObject({
      code: "JOURNAL_NO_RECORD",
      hint: expect.stringContaining(`epoch ${last}`),
    });
  });
});

describe("validator replay", () => {
  it("P13: gives the same scores and the same bytes of state while the code is the same, without a key", async () => {
    const { exitCode, replay: again } = await replay(first);
    expect(again).toMatchObject({ same: true, scores: 3, differences: [], isStateSame: true });
    expect(again).toMatchObject({ isEvidenceSame: true, notes: [] });
    expect(exitCode).toBe(0);
  });

  it("says whose scores other code changes, and ends with exit code 9", async () => {
    const generous: SubnetTemplate = {
      ...doubling,
      scoreEpoch: (...args) => {
        const scored = doubling.scoreEpoch(...args);
        return {
          ...scored,
          raw: new Map([...scored.raw].map(([k, v]) => [k, { ...v, score: v.score / 2 }])),
        };
      },
    };
    const { exitCode, replay: again } = await replay(first, { template: generous });
    expect(again).toMatchObject({
      ...{ same: false, isStateSame: true },
      differences: [{ hotkey: miners[0], uid: 1, recorded: { score: 1 }, now: { score: 0.5 } }],
    });
    expect(exitCode).toBe(9);
  });

  it("begins without a state when the version is another one, and says so", async () => {
    const { replay: again } = await replay(last, {
      template: { ...doubling, version: "2" },
      devKey: "//Bob",
    });
    expect(again).toMatchObject({ version: { recorded: "1", now: "2" }, differences: [] });
    expect(again.notes).toHaveLength(1);
  });

  it("needs the wallet while an epoch's secret is not public, and the right one", async () => {
    const journal = readJournal(path);
    expect(journal.epochs.disclosedSecret(2, last)).toBeUndefined();
    journal.close();
    expect(await replay(last, { devKey: "//Bob" })).toMatchObject({ exitCode: 0 });
    for (const devKey of [undefined, "//Eve"]) {
      await expect(replay(last, { ...(devKey && { devKey }) })).rejects.toMatchObject({
        code: "EPOCH_NOT_REPLAYABLE",
      });
    }
  });

  it("says what is missing: an epoch nobody knows, one that was skipped, answers that are no longer kept", async () => {
    await expect(replay(4_711)).rejects.toMatchObject({ code: "JOURNAL_NO_RECORD" });
    await expect(replay(0)).rejects.toMatchObject({ code: "EPOCH_NOT_REPLAYABLE" });
    const from = mkdtempSync(join(tmpdir(), "subforge-forgotten-"));
    copyJournal(path, join(from, "journal.db"));
    const reader = readJournal(path);
    const owner = reader.owner()!;
    reader.close();
    const journal = openJournal({ path: join(from, "journal.db"), ...owner });
    journal.epochs.forget(2, 0, last + 1);
    journal.close();
    await expect(replay(first, { from })).rejects.toMatchObject({
      code: "EPOCH_NOT_REPLAYABLE",
      message: expect.stringContaining("no longer kept"),
    });
    const args = { ...records, data: from, json: true, miner: miners[0]!, epoch: first };
    const { text } = await printed(() => explainScore(args));
    expect(JSON.parse(text)).toMatchObject({ scores: [{ kept: false, tasks: [], score: 1 }] });
    rmSync(from, { recursive: true, force: true });
  });
});
