import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../shared/clock.ts";
import { defineTask } from "../shared/define-task.ts";
import { SubforgeError } from "../shared/errors.ts";
import { readJournal } from "../shared/journal/journal.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { type PrivateRedis, startPrivateRedis } from "../shared/queue/private-redis.ts";
import type { Message, SubnetTemplate } from "../shared/template.ts";
import type { Json } from "../shared/types.ts";
import { beaconOf, decodeCommitment, epochSecret, secretHash } from "./epoch-secret.ts";
import type { ValidatorEvent } from "./events.ts";
import { judgeEpoch } from "./score-book.ts";
import { startTestMiner, TestChain, type TestMiner } from "./test-net.test-kit.ts";
import { toTranscripts } from "./transcripts.ts";
import { startValidator, type Validator } from "./validator.ts";
import { startWorker } from "./worker.ts";

/** Double a number. Who doubles it right earns, halved for every wrong one. */
const doubling = defineTask({
  name: "doubling",
  version: "1",
  timeoutMs: 300,
  tasksPerEpoch: 4,
  alpha: 1,
  createTask: (random) => ({ request: { n: random.below(1_000) } }),
  parseRequest: (message) => z.object({ n: z.number() }).parse(message),
  parseResponse: (message) => z.object({ double: z.number() }).parse(message),
  answer: async ({ n }) => ({ double: 2 * n }),
  score: ({ n }, answers) => answers.map((a) => (a.ok && a.response.double === 2 * n ? 1 : 0)),
}) as unknown as SubnetTemplate;

const folder = mkdtempSync(join(tmpdir(), "subforge-validator-"));
const stopRedis = new AbortController();
let redis: PrivateRedis;
let validatorKey: Keypair;
let runs = 0;

beforeAll(async () => {
  await keysReady();
  validatorKey = Keypair.fromUri("//Bob");
  redis = await startPrivateRedis({
    folder: join(folder, "redis"),
    signal: stopRedis.signal,
    logger: silentLogger,
  });
});
afterAll(async () => {
  stopRedis.abort();
  await redis.stopped;
  rmSync(folder, { recursive: true, force: true });
});

let net: Net | undefined;
afterEach(async () => {
  await net?.stop();
  net = undefined;
});

describe("an epoch", () => {
  it("goes from plan to verified weights that pay those who are right", async () => {
    net = await startNet({ template: doubling, miners: [honest, honest, wrong, silent] });
    const verified = await net.until("weights.verified");
    const scored = net.seen("epoch.scored").at(-1)!;
    expect(verified.readBack).toEqual(verified.sent);
    expect(verified.sent).toEqual({ uids: [1, 2], values: [65535, 65535] });
    expect(scored.scores).toMatchObject([
      { uid: 1, score: 1, reason: "ok", asked: 4, answered: 4 },
      { uid: 2, score: 1, reason: "ok" },
      { uid: 3, score: 0, answered: 4 },
      { uid: 4, score: 0, reason: "timeout", answered: 0 },
    ]);
    expect(await net.chain.weights(2, 0)).toEqual(verified.sent);
  });

  it("before the first commitment is skipped by name, and the weights abstain with it", async () => {
    net = await startNet({ template: doubling, miners: [honest] });
    expect(await net.until("epoch.skipped")).toMatchObject({ epoch: 0, reason: "secret-not-committed" });
    expect(await net.until("weights.abstained")).toMatchObject({ epoch: 0, reason: "secret-not-committed" });
    await net.until("epoch.planned");
    const commitment = decodeCommitment((await net.chain.commitment(2, validatorKey.address))!.data)!;
    expect(commitment.epoch).toBeGreaterThan(0);
  });

  it("has a secret whose hash was on chain before its first block, and that is disclosed when it is over", async () => {
    net = await startNet({ template: doubling, miners: [honest] });
    const { epoch } = await net.until("epoch.planned");
    const { chain } = net;
    const secret = epochSecret(validatorKey, chain.identity.genesis, 2, epoch);
    await net.untilTrue(async () => {
      const data = (await chain.commitment(2, validatorKey.address))?.data;
      return (data && decodeCommitment(data))?.disclosed?.epoch === epoch;
    });
    const { disclosed } = decodeCommitment((await chain.commitment(2, validatorKey.address))!.data)!;
    expect(disclosed!.secret).toEqual(secret);
    const journal = readJournal(net.journalPath);
    const committed = journal.epochs.commitment(2, epoch)!;
    const { context } = journal.epochs.epoch({ netuid: 2, mechanism: 0, epoch })!;
    journal.close();
    expect(committed.hash).toBe(`0x${Buffer.from(secretHash(secret)).toString("hex")}`);
    expect(committed.block).toBeLessThan(context!.startBlock);
    expect(context!.beacon).toEqual(beaconOf((await chain.blockHash(context!.startBlock))!));
  });

  it("can be replayed from the journal to the same scores", async () => {
    net = await startNet({ template: doubling, miners: [honest, wrong] });
    const { epoch, scores } = await net.until("epoch.scored");
    const journal = readJournal(net.journalPath);
    const key = { netuid: 2, mechanism: 0, epoch };
    const record = journal.epochs.epoch(key)!;
    const secret = epochSecret(validatorKey, net.chain.identity.genesis, 2, epoch);
    const transcripts = toTranscripts(doubling, epoch, journal.epochs.jobs(key));
    const state = journal.epochs.stateBefore(key, record)?.state ?? doubling.initialState();
    const context = { ...record.context!, secret, config: doubling.parseConfig(record.config) };
    const again = judgeEpoch(doubling, context, transcripts, state, journal.epochs.answeredBefore(key));
    expect(again.scores).toEqual(scores);
    journal.close();
  });

  it("in which every miner falls silent is void, and costs nobody anything", async () => {
    let away = false;
    const leaves: Behaviour = (response) => (away ? undefined : response);
    net = await startNet({ template: doubling, miners: [leaves, leaves] });
    await net.until("weights.verified");
    away = true;
    const { epoch } = await net.until("epoch.void");
    expect(net.seen("epoch.void")[0]).toMatchObject({ reason: "validator-outage", asked: 2, answered: 0 });
    expect(await net.until("weights.abstained", (e) => e.epoch === epoch)).toMatchObject({
      reason: "validator-outage",
    });
    away = false;
    const next = await net.until("epoch.scored", (e) => e.epoch > epoch);
    expect(next.scores).toMatchObject([{ score: 1 }, { score: 1 }]);
  });

  it.each<[string, Partial<SubnetTemplate>, string]>([
    [
      "throws",
      {
        scoreEpoch: () => {
          throw new Error("bug");
        },
      },
      "scorer-failed",
    ],
    [
      "gives NaN",
      { scoreEpoch: (context, transcripts, state) => nanScores(context, transcripts, state) },
      "score-invalid",
    ],
  ])("whose scorer %s is void by name, and nothing is signed", async (_, part, reason) => {
    net = await startNet({ template: { ...doubling, ...part }, miners: [honest] });
    expect(await net.until("epoch.void")).toMatchObject({ reason });
    const { epoch } = net.seen("epoch.void")[0]!;
    await net.until("weights.abstained", (e) => e.epoch === epoch);
    expect(net.chain.contents.size).toBe(0);
  });

  it("whose plan cannot be asked is skipped by name", async () => {
    const planEpoch: SubnetTemplate["planEpoch"] = () => ({
      jobs: [{ taskId: "NOT A NAME", stage: "ask", synapse: "ask", to: [], task: null }],
    });
    net = await startNet({ template: { ...doubling, planEpoch }, miners: [honest] });
    expect(await net.until("epoch.skipped", (e) => e.reason === "plan-invalid")).toBeDefined();
  });

  it("pays nothing to a newcomer in a slot whose owner earned it", async () => {
    net = await startNet({ template: doubling, miners: [honest, honest] });
    const { chain } = net;
    chain.rules = { weightsRateLimit: 1_000 };
    await net.until("epoch.scored");
    net.blocksPaused = true;
    chain.replace(2, Keypair.fromUri("//Newcomer").address, undefined);
    chain.rules = {};
    net.blocksPaused = false;
    const { sent } = await net.until("weights.verified", (e) => !e.sent.uids.includes(2));
    expect(sent).toEqual({ uids: [1], values: [65535] });
  });
});

describe("the life of weights", () => {
  it.each([
    ["the permit is gone", (chain: TestChain) => chain.add(validatorKey.address, undefined), "no-permit"],
  ])("ends in a named abstention when %s", async (_, addSelf, reason) => {
    net = await startNet({ template: doubling, miners: [honest], addSelf });
    expect(await net.until("weights.abstained", (e) => e.reason === reason)).toBeDefined();
    expect(net.chain.contents.size).toBe(0);
  });

  it.each([
    ["commit-reveal is on", { commitRevealEnabled: true }, "commit-reveal-unsupported"],
    ["the stake is too low", { stakeThresholdRao: 1n }, "stake-too-low"],
  ])("ends in a named abstention when %s", async (_, rules, reason) => {
    net = await startNet({ template: doubling, miners: [honest] });
    net.chain.rules = rules;
    expect(await net.until("weights.abstained", (e) => e.reason === reason)).toBeDefined();
    expect(net.chain.contents.size).toBe(0);
  });

  it.each([
    ["never reached the pool", false],
    ["did reach the pool", true],
  ])("goes on when the connection broke and the bytes %s", async (_, reached) => {
    net = await startNet({ template: doubling, miners: [honest] });
    const { chain } = net;
    await net.until("epoch.scored");
    const error = new SubforgeError("CHAIN_OUTCOME_UNKNOWN", { call: "set_weights", extrinsicHash: "0x" });
    chain.trouble = { error, reached };
    const first = await net.until("weights.verified");
    chain.trouble = { error, reached };
    await net.until("weights.verified", (e) => e.epoch > first.epoch + 1);
    expectOneContentPerEpoch(chain);
  });

  it("survives a restart of the planner after every block: one content per epoch", async () => {
    net = await startNet({ template: doubling, miners: [honest, wrong] });
    await net.until("epoch.planned");
    for (let restarts = 0; restarts < 8; restarts++) await net.restartPlanner();
    await net.until("weights.verified");
    expectOneContentPerEpoch(net.chain);
  });
});

describe("workers", () => {
  it("share the jobs, also one that is started later by hand", async () => {
    const slow: Behaviour = async (response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return response;
    };
    net = await startNet({
      template: doubling,
      miners: [slow, slow, slow, slow],
      targetsPerJob: 1,
      concurrency: 1,
    });
    const stopSecond = net.startWorker();
    await net.untilTrue(async () => {
      const counts = new Map<string, number>();
      for (const { worker, recorded } of net!.seen("answers.collected")) {
        counts.set(worker, (counts.get(worker) ?? 0) + recorded);
      }
      return counts.size === 2 && [...counts.values()].every((count) => count > 0);
    });
    await stopSecond();
  });
});

describe("a planner", () => {
  it("is alone with its journal: a second one is told at once", async () => {
    net = await startNet({ template: doubling, miners: [honest] });
    await expect(net.startPlanner()).rejects.toMatchObject({ code: "JOURNAL_LOCKED" });
  });
});

type Behaviour = (response: Message, request: Message) => Message | undefined | Promise<Message | undefined>;
const honest: Behaviour = (response) => response;
const wrong: Behaviour = () => ({ double: -1 });
const silent: Behaviour = () => undefined;

type EventOf<Name extends ValidatorEvent["event"]> = Extract<ValidatorEvent, { event: Name }>;

type Net = {
  chain: TestChain;
  journalPath: string;
  blocksPaused: boolean;
  seen<Name extends ValidatorEvent["event"]>(name: Name): EventOf<Name>[];
  until<Name extends ValidatorEvent["event"]>(
    name: Name,
    condition?: (event: EventOf<Name>) => boolean,
  ): Promise<EventOf<Name>>;
  untilTrue(condition: () => Promise<boolean>): Promise<void>;
  startPlanner(): Promise<Validator>;
  restartPlanner(): Promise<void>;
  startWorker(): () => Promise<void>;
  stop(): Promise<void>;
};

/** A chain that makes a block every 60 ms, miners, a planner, and one worker in this process. */
async function startNet(options: {
  template: SubnetTemplate;
  miners: Behaviour[];
  addSelf?: (chain: TestChain) => unknown;
  targetsPerJob?: number;
  concurrency?: number;
}): Promise<Net> {
  const { template } = options;
  const chain = new TestChain();
  chain.tempo = 40;
  const addSelf =
    options.addSelf ?? ((c: TestChain) => c.add(validatorKey.address, undefined, { validatorPermit: true }));
  addSelf(chain);
  const miners: TestMiner[] = [];
  for (const [index, behave] of options.miners.entries()) {
    const miner = await startTestMiner(template, Keypair.fromUri(`//Miner//${index}`), behave);
    chain.add(miner.hotkey, miner.port);
    miners.push(miner);
  }
  const events: ValidatorEvent[] = [];
  const connect = { url: redis.url, logger: silentLogger };
  // A chain of its own each time, so that queues of two tests never meet.
  Object.assign(chain.identity, { genesis: `0x${(++runs).toString(16).padStart(64, "0")}` });
  const journalPath = join(folder, `journal-${runs}.db`);
  const workers: (() => Promise<void>)[] = [];
  let stopPlanner = new AbortController();

  const self: Net = {
    chain,
    journalPath,
    blocksPaused: false,
    seen: (name) => events.filter((event) => event.event === name) as never,
    until: async (name, condition = () => true) => {
      const find = () => self.seen(name).find(condition);
      await self.untilTrue(async () => find() !== undefined);
      return find()!;
    },
    untilTrue: async (condition) => {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 15));
    },
    startPlanner: () =>
      startValidator(
        { netuid: 2, workers: 0, allowPrivate: true, targetsPerJob: options.targetsPerJob },
        {
          chain,
          signer: validatorKey,
          template,
          config: template.parseConfig({}) as Json,
          journalPath,
          queue: connect,
          clock: systemClock,
          logger: silentLogger,
          signal: stopPlanner.signal,
          onEvent: (event) => void events.push(event),
        },
      ),
    restartPlanner: async () => {
      const before = chain.best.number;
      stopPlanner.abort();
      await planner.stopped;
      stopPlanner = new AbortController();
      planner = await self.startPlanner();
      await self.untilTrue(async () => chain.best.number > before + 3);
    },
    startWorker: () => {
      const stop = new AbortController();
      const { genesis } = chain.identity;
      const scope = { genesis, validator: validatorKey.address, netuid: 2, template: template.id };
      const stopped = startWorker(
        { scope, allowPrivate: true, concurrency: options.concurrency ?? 8 },
        { template, signer: validatorKey, connect, logger: silentLogger, signal: stop.signal },
      );
      return async () => {
        stop.abort();
        await stopped;
      };
    },
    stop: async () => {
      stopPlanner.abort();
      await Promise.all([planner.stopped, ...workers.map((stop) => stop())]);
      clearInterval(blocks);
      for (const miner of miners) miner.close();
    },
  };
  let planner = await self.startPlanner();
  workers.push(self.startWorker());
  const blocks = setInterval(() => {
    if (!self.blocksPaused) chain.makeBlock();
  }, 60);
  return self;
}

function nanScores(
  ...args: Parameters<SubnetTemplate["scoreEpoch"]>
): ReturnType<SubnetTemplate["scoreEpoch"]> {
  const scored = doubling.scoreEpoch(...args);
  for (const entry of scored.raw.values()) entry.score = Number.NaN;
  return scored;
}

function expectOneContentPerEpoch(chain: TestChain): void {
  const byEpoch = new Map<number, Set<string>>();
  for (const { epoch, weights } of chain.contents.values()) {
    byEpoch.set(epoch, (byEpoch.get(epoch) ?? new Set()).add(JSON.stringify(weights)));
  }
  for (const contents of byEpoch.values()) expect(contents.size).toBe(1);
  expect(byEpoch.size).toBeGreaterThan(0);
}
