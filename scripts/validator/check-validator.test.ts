import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SubnetRules } from "../../shared/chain/chain.ts";
import type { Metagraph, Neuron } from "../../shared/chain/metagraph.ts";
import type { SubnetInfo } from "../../shared/chain/operator-chain.ts";
import { openJournal } from "../../shared/journal/journal.ts";
import { checkHotkey, checkSubnet, judgeEndpoints } from "./check-chain.ts";
import { checkColdkey, checkJournal, checkWorkers, judgeRedis } from "./check-host.ts";
import { journalPath } from "./journal-view.ts";

const HERE = "ws://127.0.0.1:1";
const GENESIS = `0x${"1".repeat(64)}` as const;
const BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

const up = { endpoint: HERE, genesis: GENESIS, best: 100, spec: "node-subtensor", version: 424 };
const rules = {
  ...{ netuid: 2, block: 100, epochIndex: 7, tempo: 72, lastEpochBlock: 72, nextEpochBlock: 144 },
  ...{ weightsRateLimit: 10, mechanisms: 1, commitReveal: undefined, stakeThresholdRao: 5n },
} as unknown as SubnetRules;
const info = { hyperparameters: { immunity_period: 5000 } } as unknown as SubnetInfo;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-check-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the check of a validator", () => {
  test("V18: names an endpoint of another chain, and one that is behind", () => {
    expect(judgeEndpoints([up, { ...up, endpoint: "ws://b" }])).toMatchObject({
      state: "ok",
      fact: expect.stringContaining("2 endpoints, same genesis, best 100, runtime node-subtensor 424"),
    });
    const foreign = { ...up, endpoint: "ws://b", genesis: `0x${"2".repeat(64)}` };
    expect(judgeEndpoints([up, foreign])).toMatchObject({ state: "missing", code: "CHAIN_WRONG_GENESIS" });
    expect(judgeEndpoints([up], foreign.genesis)).toMatchObject({ code: "CHAIN_WRONG_GENESIS" });
    expect(judgeEndpoints([up, { ...up, endpoint: "ws://b", best: 80 }])).toMatchObject({
      state: "warn",
      fact: expect.stringContaining("ws://b is at block 80"),
    });
  });

  test.each([
    ["a subnet as it should be", {}, 0, "ok"],
    ["epochs that are off", { tempo: 0 }, 0, "missing"],
    ["a mechanism that is not there", {}, 1, "missing"],
    ["a rate limit above the tempo", { weightsRateLimit: 100 }, 0, "warn"],
    ["miners who are gone before they are paid", { tempo: 6000 }, 0, "warn"],
  ] as const)("judges %s", (_, change, mechanism, state) => {
    const finding = checkSubnet({ ...rules, ...change }, info, mechanism);
    expect(finding).toMatchObject({ what: "subnet 2", state });
    expect(finding.next === undefined).toBe(state === "ok");
  });

  test("V15: says what a hotkey lacks to set weights", () => {
    const neuron = { uid: 0, hotkey: BOB, stakeRao: 9n, validatorPermit: true } as unknown as Neuron;
    const of = (change: Partial<Neuron>): Metagraph => ({
      ...{ netuid: 2, block: 100, neurons: [{ ...neuron, ...change }] },
    });
    expect(checkHotkey(of({}), BOB, rules).state).toBe("ok");
    expect(checkHotkey(of({ hotkey: "5other" }), BOB, rules)).toMatchObject({
      state: "missing",
      next: expect.stringContaining("subforge register --netuid 2"),
    });
    expect(checkHotkey(of({ validatorPermit: false }), BOB, rules).state).toBe("missing");
    expect(checkHotkey(of({ stakeRao: 4n }), BOB, rules).next).toContain("stake at least");
  });

  test("Q6: judges a Redis by its version, its log and how it is reached, and prints no password", () => {
    const text = (version: string, aof: number) => `redis_version:${version}\r\naof_enabled:${aof}\r\n`;
    const url = "rediss://:hunter2@redis.example:6379";
    const good = judgeRedis(text("7.0.15", 1), url, "redis.example:6379");
    expect(good).toMatchObject({
      state: "ok",
      fact: expect.stringMatching(/append-only ✓, password ✓, TLS ✓/),
    });
    expect(JSON.stringify(good)).not.toContain("hunter2");
    expect(judgeRedis(text("7.0.15", 0), url, "redis.example:6379").state).toBe("warn");
    expect(judgeRedis(text("3.2.1", 1), "redis://127.0.0.1", "127.0.0.1:6379").state).toBe("missing");
  });

  test("V7: takes a new data folder, and refuses the journal of another hotkey or chain", async () => {
    const owner = { genesis: GENESIS, hotkey: BOB };
    const fresh = await checkJournal(join(folder, "new", "deep"), owner);
    expect(fresh.map(({ state }) => state)).toEqual(["ok", "ok"]);
    const path = journalPath(folder);
    const journal = openJournal({ path, ...owner });
    expect((await checkJournal(folder, owner))[0]?.fact).toContain("a validator is running with it");
    journal.close();
    expect((await checkJournal(folder, owner))[0]).toMatchObject({
      state: "ok",
      fact: "last weights: none yet; no validator writes it",
    });
    expect((await checkJournal(folder, { ...owner, hotkey: "5other" }))[0]).toMatchObject({
      state: "missing",
      code: "JOURNAL_FOREIGN",
    });
  });

  test("W8: warns of a coldkey on this machine, and never opens it", async () => {
    const wallet = { wallet: "default", hotkey: "default", walletPath: folder, devKey: undefined };
    const args = { ...wallet, allowUnsafeKeyfile: false, passwordFile: undefined, passwordFd: undefined };
    expect(await checkColdkey(args)).toMatchObject([{ state: "ok" }]);
    expect(await checkColdkey({ ...args, devKey: "//Bob" })).toEqual([]);
  });

  test("wants workers somewhere: none here and a Redis of its own would ask nobody", async () => {
    const alone = { queue: undefined, queuePrivateNetwork: false, workers: 0 };
    expect(await checkWorkers(alone)).toMatchObject({ state: "missing" });
    expect(await checkWorkers({ ...alone, queue: "redis://127.0.0.1" })).toMatchObject({ state: "ok" });
  });
});
