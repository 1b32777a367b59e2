import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJournal } from "../shared/journal/journal.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import { toUidWeights } from "../shared/rules/participants.ts";
import type { EpochContext, SubnetTemplate } from "../shared/template.ts";
import type { ValidatorEvent } from "./events.ts";
import { inlineScorer } from "./scoring/scorer.ts";
import { SecretKeeper } from "./secret-keeper.ts";
import { Subject } from "./subject.ts";
import { TestChain } from "./test-net.test-kit.ts";
import { WeightDecider } from "./weight-decider.ts";
import { WeightSetter } from "./weight-setter.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-decider-"));
const STAMP = { template: "kept", version: "1", config: {} };
let signer: Keypair;
let journals = 0;

beforeAll(async () => {
  await keysReady();
  signer = Keypair.fromUri("//Bob");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the weights of an epoch", () => {
  it("V10: whose round takes too long are made of what is kept, while there is still time to send them", async () => {
    const { chain, decide, plan, get, close } = open();
    plan(1, { "miner-1": 1 });
    plan(2);
    while (chain.epoch < 2 || chain.best.number % 100 < 84) chain.makeBlock();
    await decide();
    expect(get(2)).toBeUndefined(); // its own scores may still come
    chain.makeBlock();
    await decide();
    expect(get(2)).toMatchObject({
      status: "planned",
      basis: "kept",
      content: { uids: [1], values: [65535] },
    });
    close();
  });

  it.each(["secret-not-committed", "joined-late", "plan-invalid"])(
    "that was skipped as %s are those that are kept; without any, they abstain with that reason",
    async (reason) => {
      const { chain, journal, decide, plan, get, close } = open();
      plan(1, { "miner-1": 1, "gone-since": 1 });
      journal.epochs.skip(KEY(2), STAMP, reason, 0);
      while (chain.epoch < 2) chain.makeBlock();
      await decide();
      expect(get(2)).toMatchObject({ status: "planned", basis: "kept", content: { uids: [1] } });
      close();

      const empty = open();
      empty.journal.epochs.skip(KEY(2), STAMP, reason, 0);
      while (empty.chain.epoch < 2) empty.chain.makeBlock();
      await empty.decide();
      expect(empty.get(2)).toMatchObject({ status: "abstained", reason });
      empty.close();
    },
  );

  it("that make the template fail are made of the state before", async () => {
    const { chain, decide, plan, get, close } = open();
    plan(1, { "miner-2": 1 });
    plan(2, { broken: 1 });
    while (chain.epoch < 2) chain.makeBlock();
    await decide();
    expect(get(2)).toMatchObject({ status: "planned", basis: "kept", content: { uids: [2] } });
    close();
  });
});

function KEY(epoch: number) {
  return { netuid: 2, mechanism: 0, epoch };
}

/** A template whose state is what each hotkey is worth. */
const template = {
  ...{ id: STAMP.template, version: STAMP.version, synapses: {}, agents: [] },
  parseConfig: () => ({}),
  initialState: () => ({}),
  toWeights: (state: Record<string, number>, { participants }: EpochContext) => {
    if (state.broken) throw new Error("a bug");
    return toUidWeights(participants, new Map(Object.entries(state)));
  },
} as unknown as SubnetTemplate;

function open() {
  const chain = new TestChain();
  chain.tempo = 100;
  chain.add(signer.address, undefined, { validatorPermit: true });
  for (const hotkey of ["miner-1", "miner-2"]) chain.add(hotkey, 1);
  const { genesis } = chain.identity;
  const journal = openJournal({ path: join(folder, `${++journals}.db`), genesis, hotkey: signer.address });
  const { epochs, scores, weights } = journal;
  const onEvent = (_: ValidatorEvent) => {};
  const common = { chain, signer, clock: new ManualClock(), logger: silentLogger, onEvent };
  const secrets = new SecretKeeper({ ...common, epochs });
  const place = { netuid: 2, mechanism: 0, template, config: {}, validator: signer.address };
  const subject = new Subject({ ...place, chain, journal, secrets });
  const setter = new WeightSetter({ ...common, weights, maySign: async () => true });
  const scorer = inlineScorer(template);
  const decider = new WeightDecider(subject, { chain, journal, scorer, setter });
  return {
    ...{ chain, journal, close: () => journal.close() },
    get: (epoch: number) => weights.get(KEY(epoch)),
    decide: async () => decider.decide(await chain.subnetRules(2)),
    /** An epoch that was asked, and scored when there is a state. */
    plan: (epoch: number, state?: Record<string, number>) => {
      const participants = [1, 2].map((uid) => ({
        ...{ uid, hotkey: `miner-${uid}`, coldkey: "c", stakeRao: 0n, validatorPermit: false },
        ...{ registeredAt: 0, ip: undefined },
      }));
      const beacon = new Uint8Array(32);
      const times = { startBlock: epoch * 100, tempo: 100 };
      const context = { ...KEY(epoch), ...times, validator: signer.address, participants, beacon };
      epochs.plan(KEY(epoch), { ...STAMP, context, stages: [], jobs: [] }, 0);
      if (state === undefined) return;
      scores.close(KEY(epoch), { status: "scored", scores: [], evidence: [], state });
    },
  };
}
