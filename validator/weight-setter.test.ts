import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Chain } from "../shared/chain/chain.ts";
import { SenderLines } from "../shared/chain/sending/sender-lines.ts";
import { systemClock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import { type Journal, openJournal } from "../shared/journal/journal.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import type { ValidatorEvent } from "./events.ts";
import { TestChain } from "./test-net.test-kit.ts";
import { WeightSetter, type WeightSetterDeps } from "./weight-setter.ts";

const KEY = { netuid: 2, mechanism: 0, epoch: 1 };

const folder = mkdtempSync(join(tmpdir(), "subforge-setter-"));
let signer: Keypair;
let journals = 0;

beforeAll(async () => {
  await keysReady();
  signer = Keypair.fromUri("//Bob");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What goes wrong in one life of the process. */
type Life = {
  /** The process dies at its n-th call to the chain, which still happens or not. Undefined: it lives on. */
  diesAt?: number | undefined;
  reachesChain: boolean;
  trouble?: "unknown-reached" | "unknown-lost" | "refused" | undefined;
  /** The scores it would decide by: a process that comes later may see other ones. */
  weight: number;
};

describe("the weights of one epoch", () => {
  it.each(
    Array.from({ length: 15 }, (_, diesAt) =>
      [true, false].map((reaches) => [diesAt, reaches] as const),
    ).flat(),
  )(
    "are one content when the process dies at call %i to the chain (which got it: %s)",
    async (diesAt, reachesChain) => {
      const end = await live([
        { diesAt, reachesChain, weight: 1 },
        { reachesChain: true, weight: 2 },
      ]);
      expect(end.status).toBe("verified");
    },
  );

  it("are one content whatever happens, and always end verified or with a name", async () => {
    const life: fc.Arbitrary<Life> = fc.record({
      diesAt: fc.option(fc.nat(17), { nil: undefined }),
      reachesChain: fc.boolean(),
      trouble: fc.option(fc.constantFrom("unknown-reached", "unknown-lost", "refused"), { nil: undefined }),
      weight: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
        const end = await live([...lives, { reachesChain: true, weight: 5 }]);
        expect(["verified", "failed", "abstained"]).toContain(end.status);
        if (end.status !== "verified") expect(end.reason).toBeTruthy();
      }),
      { numRuns: 60 },
    );
  });

  it("C9: are not called set before their block is final", async () => {
    const { chain, journal, setter } = open();
    chain.finalityLag = 3;
    await setter.decide(KEY, shares(1));
    await runWithBlocks(chain, setter.advance(2, 0));
    const { block } = journal.weights.get(KEY)!;
    while (chain.best.number < block! + 3) {
      await setter.advance(2, 0);
      expect(journal.weights.get(KEY)).toMatchObject({ status: "included" });
      chain.makeBlock();
    }
    await setter.advance(2, 0);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "verified" });
    journal.close();
  });

  it("C8: are sent again, the same bytes, when a fork drops the block that had them", async () => {
    const { chain, journal, setter } = open();
    chain.finalityLag = 3;
    await setter.decide(KEY, shares(1));
    await runWithBlocks(chain, setter.advance(2, 0));
    const before = journal.weights.get(KEY)!;
    chain.dropBest();
    await setter.advance(2, 0);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "submitted" });
    for (let i = 0; i < 6; i++) {
      chain.makeBlock();
      await runWithBlocks(chain, setter.advance(2, 0));
    }
    const after = journal.weights.get(KEY)!;
    expect(after).toMatchObject({ status: "verified", extrinsicHash: before.extrinsicHash });
    expect(after.blockHash).not.toBe(before.blockHash);
    expect(chain.contents.size).toBe(1);
    journal.close();
  });

  it.each([
    ["nobody", { uids: [], values: [] }],
    ["who is not there", { uids: [1, 99], values: [1, 65_535] }],
    ["less than nothing", { uids: [1, 2], values: [-1, 65_535] }],
    ["zero to all", { uids: [1, 2], values: [0, 0] }],
  ])("P7: are never signed when what was decided gives %s", async (_, content) => {
    const { chain, journal, setter } = open();
    journal.weights.decide(KEY, { content, versionKey: 0, block: chain.best.number }, 1);
    await runWithBlocks(chain, setter.advance(2, 0));
    expect(journal.weights.get(KEY)).toMatchObject({ status: "abstained", reason: "content-invalid" });
    expect(chain.contents.size).toBe(0);
    journal.close();
  });

  it("are not called set when the chain shows something else", async () => {
    const { chain, journal, setter } = open();
    await setter.decide(KEY, shares(1));
    const honest = chain.weights.bind(chain);
    chain.weights = async (...args) => ({ ...(await honest(...args)), values: [1, 1] });
    await runWithBlocks(chain, setter.advance(2, 0));
    expect(journal.weights.get(KEY)).toMatchObject({ status: "failed", reason: "read-back-differs" });
    journal.close();
  });

  it("V14: that a block has and the chain's rules refused are a failure with the chain's words", async () => {
    const { chain, journal, setter } = open();
    await setter.decide(KEY, shares(1));
    const submit = chain.submit.bind(chain);
    chain.submit = (call) => {
      chain.demote(0); // between signature and block
      return submit(call);
    };
    await runWithBlocks(chain, setter.advance(2, 0));
    expect(journal.weights.get(KEY)).toMatchObject({
      status: "failed",
      reason: "SubtensorModule.NeuronNoValidatorPermit",
    });
    journal.close();
  });

  it("T36: abstain when the chain has newer ones that this journal, restored from a backup, knows nothing of", async () => {
    const { chain, journal, setter } = open();
    const other = await chain.sign(
      { kind: "setWeights", netuid: 2, weights: { uids: [1], values: [65535] }, versionKey: 0 },
      signer,
    );
    await runWithBlocks(chain, chain.submit(other));
    await setter.decide(KEY, shares(1));
    expect(journal.weights.get(KEY)).toMatchObject({ status: "abstained", reason: "set-by-another" });
    journal.close();
  });

  it("wait for a rate limit that ends in time, and abstain from one that does not", async () => {
    const { chain, journal, setter } = open();
    const call = await chain.sign(
      { kind: "setWeights", netuid: 2, weights: { uids: [1], values: [65535] }, versionKey: 0 },
      signer,
    );
    const first = await runWithBlocks(chain, chain.submit(call));
    const next = { ...KEY, epoch: 2 };
    while (chain.epoch < 2) chain.makeBlock();
    chain.rules = { weightsRateLimit: chain.best.number - first.block + 5 };
    expect(await setter.decide(next, shares(1))).toBe(false);
    expect(journal.weights.get(next)).toBeUndefined();
    for (let i = 0; i < 5; i++) chain.makeBlock();
    expect(await setter.decide(next, shares(1))).toBe(true);
    expect(journal.weights.get(next)).toMatchObject({ status: "planned" });

    const later = open();
    later.chain.rules = { weightsRateLimit: 200 };
    const early = await later.chain.sign(
      { kind: "setWeights", netuid: 2, weights: { uids: [1], values: [65535] }, versionKey: 0 },
      signer,
    );
    await runWithBlocks(later.chain, later.chain.submit(early));
    while (later.chain.epoch < 2) later.chain.makeBlock();
    await later.setter.decide(next, shares(1));
    expect(later.journal.weights.get(next)).toMatchObject({ status: "abstained", reason: "rate-limit" });
    for (const { close } of [journal, later.journal]) close();
  });

  it("of several subnets and mechanisms are signed again as often each, when the pool refuses them", async () => {
    const { chain, journal, setter } = open();
    chain.tempo = 60;
    const keys = [KEY, { ...KEY, netuid: 4 }];
    const refusal = { call: "set_weights", code: 1010, reason: "no" };
    let sent = 0;
    chain.submit = async () => {
      sent++;
      throw new SubforgeError("CHAIN_CALL_REFUSED", refusal);
    };
    for (const key of keys) await setter.decide(key, shares(1));
    for (let blocks = 0; blocks <= 31; blocks++) {
      for (const key of keys) {
        expect(journal.weights.get(key)).toMatchObject({ status: "planned" });
        await setter.advance(key.netuid, 0);
      }
      chain.makeBlock();
    }
    for (const key of keys) expect(journal.weights.get(key)).toMatchObject({ status: "failed" });
    expect(sent).toBe(12);
    journal.close();
  });

  it("R2: reach the chain in their epoch when the pool refused them for many blocks", async () => {
    const { chain, journal, setter } = open();
    chain.tempo = 30;
    await setter.decide(KEY, shares(1));
    const submit = chain.submit.bind(chain);
    chain.submit = async () => {
      throw new SubforgeError("CHAIN_NONCE_TAKEN", { nonce: 1, signer: "5F", call: "set_weights" });
    };
    for (let blocks = 0; blocks < 9; blocks++) {
      await setter.advance(2, 0);
      chain.makeBlock();
    }
    chain.submit = submit;
    while (journal.weights.get(KEY)?.status === "planned") {
      await runWithBlocks(chain, setter.advance(2, 0));
      chain.makeBlock();
    }
    expect(journal.weights.get(KEY)).toMatchObject({ status: "verified", epoch: 1 });
    const contents = [...chain.contents.values()].map(({ weights }) => JSON.stringify(weights));
    expect(new Set(contents).size).toBe(1);
    journal.close();
  });

  it("V9: are held back while another process may sign, and say so when the epoch is over", async () => {
    let may = false;
    const { chain, journal, setter, events } = open({ maySign: async () => may });
    await setter.decide(KEY, shares(1));
    await setter.advance(2, 0);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "planned" });
    expect(chain.contents.size).toBe(0);
    may = true;
    await runWithBlocks(chain, setter.advance(2, 0));
    expect(journal.weights.get(KEY)).toMatchObject({ status: "verified" });

    may = false;
    const next = { ...KEY, epoch: 2 };
    while (chain.epoch < 2) chain.makeBlock();
    await setter.decide(next, shares(1));
    await setter.advance(2, 0);
    while (chain.epoch < 3) chain.makeBlock();
    await setter.advance(2, 0);
    expect(events.at(-1)).toMatchObject({ event: "weights.abstained", epoch: 2, reason: "held-back" });
    journal.close();
  });

  it("P8: are not signed when a uid got another owner since they were decided", async () => {
    const { chain, journal, setter } = open();
    await setter.decide(KEY, shares(1));
    chain.makeBlock();
    chain.replace(2, "newcomer", 3);
    await setter.advance(2, 0);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "abstained", reason: "uid-reused" });
    expect(chain.contents.size).toBe(0);
    journal.close();
  });

  it("V11: follow a version key that changed, and stop at a minimum that rose, between decision and signature", async () => {
    const { chain, journal, setter } = open();
    await setter.decide(KEY, shares(1));
    chain.rules = { weightsVersionKey: 4 };
    await runWithBlocks(chain, setter.advance(2, 0));
    expect(journal.weights.get(KEY)).toMatchObject({ status: "verified", versionKey: 4 });
    const next = { ...KEY, epoch: 2 };
    while (chain.epoch < 2) chain.makeBlock();
    await setter.decide(next, shares(1));
    chain.rules = { minAllowedWeights: 3 };
    await setter.advance(2, 0);
    expect(journal.weights.get(next)).toMatchObject({ status: "abstained", reason: "too-few-weights" });
    journal.close();
  });

  it("are only written down in shadow mode, and a later process may still set them", async () => {
    const shadow = open({ shadow: true });
    const { chain, journal, events } = shadow;
    await shadow.setter.decide(KEY, shares(4));
    await shadow.setter.decide(KEY, shares(5));
    await shadow.setter.advance(2, 0);
    expect(journal.weights.get(KEY)).toMatchObject({
      status: "shadow",
      content: { uids: [1, 2] },
      call: undefined,
    });
    expect(events).toMatchObject([{ event: "weights.shadow", would: { uids: [1, 2] }, basis: "scored" }]);
    expect(shadow.setter.isDecided(KEY)).toBe(true);
    expect(chain.contents.size).toBe(0);

    const real = setterOf(chain, journal, events);
    expect(real.isDecided(KEY)).toBe(false);
    await real.decide(KEY, shares(1), "kept");
    await runWithBlocks(chain, real.advance(2, 0));
    expect(journal.weights.get(KEY)).toMatchObject({ status: "verified", basis: "kept" });
    expect(events.at(-1)).toMatchObject({ event: "weights.verified", basis: "kept" });
    expect(await chain.weights(2, 0)).toEqual({ uids: [1, 2], values: [65535, 6554] });

    shadow.setter.abstain({ ...KEY, epoch: 2 }, "no-permit", 90);
    expect(journal.weights.get({ ...KEY, epoch: 2 })).toMatchObject({
      status: "shadow",
      reason: "no-permit",
    });
    journal.close();
  });

  it("are never sent late into the next epoch", async () => {
    const { chain, journal, setter } = open();
    await setter.decide(KEY, shares(1));
    while (chain.epoch === 1) chain.makeBlock();
    await setter.advance(2, 0);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "abstained", reason: "window-over" });
    expect(chain.contents.size).toBe(0);
    journal.close();
  });
});

/** Several processes after each other on one journal and one chain. The last one lives until all is settled. */
async function live(lives: Life[]) {
  const { chain, journal, events } = open();
  for (const life of lives) {
    const setter = new WeightSetter({
      chain: mortal(chain, life),
      signer,
      weights: journal.weights,
      clock: systemClock,
      logger: silentLogger,
      maySign: async () => true,
      onEvent: (event) => void events.push(event),
    });
    if (life.trouble) chain.trouble = troubleOf(life.trouble);
    const work = async (): Promise<void> => {
      if (!journal.weights.get(KEY)) await setter.decide(KEY, shares(life.weight));
      for (let i = 0; i < 4; i++) await setter.advance(2, 0);
    };
    await runWithBlocks(chain, work(), 12).catch(() => undefined);
    chain.trouble = undefined;
  }
  // Blocks go on until even the oldest bytes are expired.
  const last = new WeightSetter({
    chain,
    signer,
    weights: journal.weights,
    clock: systemClock,
    logger: silentLogger,
    maySign: async () => true,
    onEvent: (event) => void events.push(event),
  });
  for (let i = 0; i < 60 && journal.weights.unfinished(2, 0).length > 0; i++) {
    chain.makeBlock();
    await runWithBlocks(chain, last.advance(2, 0), 40).catch(() => undefined);
  }
  const contents = new Set([...chain.contents.values()].map(({ weights }) => JSON.stringify(weights)));
  expect(contents.size).toBeLessThanOrEqual(1);
  const verified = events.filter(({ event }) => event === "weights.verified");
  expect(verified.length).toBeLessThanOrEqual(1);
  const end = journal.weights.get(KEY)!;
  if (end.status === "verified") expect(await chain.weights(2, 0)).toEqual(end.content);
  journal.close();
  return end;
}

type Opened = { chain: TestChain; journal: Journal; setter: WeightSetter; events: ValidatorEvent[] };

function open(options: Partial<WeightSetterDeps> = {}): Opened {
  const chain = new TestChain();
  chain.tempo = 60;
  chain.add(signer.address, undefined, { validatorPermit: true });
  chain.add("miner-1", 1);
  chain.add("miner-2", 2);
  while (chain.epoch < 1) chain.makeBlock();
  const path = join(folder, `${journals++}.db`);
  const journal = openJournal({ path, genesis: chain.identity.genesis, hotkey: signer.address });
  const events: ValidatorEvent[] = [];
  const setter = setterOf(chain, journal, events, options);
  return { chain, journal, setter, events };
}

function setterOf(
  chain: TestChain,
  journal: Journal,
  events: ValidatorEvent[],
  options: Partial<WeightSetterDeps> = {},
): WeightSetter {
  return new WeightSetter({
    ...{ chain, signer, weights: journal.weights, clock: systemClock, logger: silentLogger },
    maySign: async () => true,
    onEvent: (event) => void events.push(event),
    ...options,
  });
}

/** The chain as a process sees it that dies at its n-th call: from there on nothing ever comes back. */
function mortal(chain: TestChain, { diesAt, reachesChain }: Life): Chain {
  let calls = 0;
  const turns = new SenderLines(); // of this process: it ends with it
  return new Proxy(chain, {
    get: (target, name) => {
      if (name === "inTurn") return turns.inTurn.bind(turns);
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const dies = diesAt !== undefined && calls++ >= diesAt;
        if (dies && calls > diesAt + 1) return new Promise(() => undefined);
        if (!dies || reachesChain) {
          const result = (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
          if (!dies) return result;
          result.catch(() => undefined);
        }
        return new Promise(() => undefined);
      };
    },
  });
}

function troubleOf(kind: NonNullable<Life["trouble"]>): TestChain["trouble"] {
  const about = { call: "set_weights", extrinsicHash: "0x00" };
  return kind === "refused"
    ? {
        error: new SubforgeError("CHAIN_CALL_REFUSED", { call: "set_weights", code: 1010, reason: "no" }),
        reached: false,
      }
    : { error: new SubforgeError("CHAIN_OUTCOME_UNKNOWN", about), reached: kind === "unknown-reached" };
}

/** Makes blocks until the work is done, at most so many: a dead process never finishes. */
async function runWithBlocks<T>(chain: TestChain, work: Promise<T>, blocks = 30): Promise<T> {
  let done = false;
  const finish = () => {
    done = true;
  };
  work.then(finish, finish);
  for (let i = 0; i < blocks && !done; i++) {
    for (let turns = 0; turns < 20 && !done; turns++) await new Promise((resolve) => setImmediate(resolve));
    if (!done) chain.makeBlock();
  }
  for (let turns = 0; turns < 20 && !done; turns++) await new Promise((resolve) => setImmediate(resolve));
  if (!done) throw new Error("it never finished");
  return work;
}

function shares(weight: number) {
  return [
    { uid: 1, hotkey: "miner-1", weight: 10 },
    { uid: 2, hotkey: "miner-2", weight },
  ];
}
