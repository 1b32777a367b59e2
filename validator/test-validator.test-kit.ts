import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { z } from "zod";
import { systemClock } from "../shared/clock.ts";
import { defineTask } from "../shared/define-task.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { type PrivateRedis, startPrivateRedis } from "../shared/queue/private-redis.ts";
import type { Message, SubnetTemplate } from "../shared/template.ts";
import type { AskProtocol } from "./asking.ts";
import type { ValidatorEvent } from "./events.ts";
import type { Sampling } from "./sampling.ts";
import type { ReadFeed, RerunModel, RunGraph, Sources } from "./source-reader.ts";
import { startTestMiner, TestChain, type TestMiner } from "./test-net.test-kit.ts";
import { startValidator, type Validator } from "./validator.ts";
import { startWorker } from "./worker.ts";

/** Double a number. Who doubles it right earns. */
export const doubling = defineTask({
  name: "doubling",
  version: "1",
  timeoutMs: 2_000,
  tasksPerEpoch: 4,
  alpha: 1,
  createTask: (random) => ({ request: { n: random.below(1_000) } }),
  parseRequest: (message) => z.object({ n: z.number() }).parse(message),
  parseResponse: (message) => z.object({ double: z.number() }).parse(message),
  answer: async ({ n }) => ({ double: 2 * n }),
  v10: {
    name: "Double",
    fields: { n: { type: "int" }, double: { type: "int", default: null, output: true } },
    requiredHashFields: ["n"],
  },
  score: ({ n }, answers) => answers.map((a) => (a.ok && a.response.double === 2 * n ? 1 : 0)),
}) as unknown as SubnetTemplate;

/** A bench for the tests of the file that calls this; a net ends with the test that started it. */
export function useTestBench(): TestBench {
  const bench = new TestBench();
  beforeAll(() => bench.start());
  afterEach(() => bench.stopNet());
  afterAll(() => bench.stop());
  return bench;
}

/** A real Redis and a folder. */
class TestBench {
  readonly folder = mkdtempSync(join(tmpdir(), "subforge-validator-"));
  readonly #stop = new AbortController();
  #redis: PrivateRedis | undefined;
  #net: Net | undefined;
  #validatorKey: Keypair | undefined;

  async start(): Promise<void> {
    await keysReady();
    this.#validatorKey = Keypair.fromUri("//Bob");
    const folder = join(this.folder, "redis");
    this.#redis = await startPrivateRedis({ folder, signal: this.#stop.signal, logger: silentLogger });
  }

  get validatorKey(): Keypair {
    return this.#validatorKey!;
  }

  holdNet(net: Net): void {
    this.#net = net;
  }

  async stopNet(): Promise<void> {
    await this.#net?.stop();
    this.#net = undefined;
  }

  get redisUrl(): string {
    return this.#redis!.url;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#redis?.stopped;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const BLOCK_MS = 50;
const TEMPO = 24;
const MAX_WAIT_MS = 10_000;
let runs = 0;

export type Behaviour = (
  response: Message,
  request: Message,
) => Message | undefined | Promise<Message | undefined>;
export const honest: Behaviour = (response) => response;
export const wrong: Behaviour = () => ({ double: -1 });
export const breaksOff: Behaviour = () => undefined;

export type EventOf<Name extends ValidatorEvent["event"]> = Extract<ValidatorEvent, { event: Name }>;

export type Net = {
  chain: TestChain;
  journalPath: string;
  blocksPaused: boolean;
  seen<Name extends ValidatorEvent["event"]>(name: Name): EventOf<Name>[];
  until<Name extends ValidatorEvent["event"]>(
    name: Name,
    condition?: (event: EventOf<Name>) => boolean,
  ): Promise<EventOf<Name>>;
  untilTrue(condition: () => Promise<boolean>): Promise<void>;
  startPlanner(signal?: AbortSignal): Promise<Validator>;
  /** @param meanwhile - While none runs. */
  restartPlanner(meanwhile?: () => Promise<void>): Promise<void>;
  startWorker(): () => Promise<void>;
  stop(): Promise<void>;
};

/** A chain that makes a block every 50 ms, miners, a planner, and one worker in this process. */
export async function startNet(
  bench: TestBench,
  options: {
    template: SubnetTemplate;
    miners: Behaviour[];
    addSelf?: (chain: TestChain) => unknown;
    targetsPerJob?: number;
    concurrency?: number;
    sources?: Sources;
    rerunModel?: RerunModel;
    readFeed?: ReadFeed;
    runGraph?: RunGraph;
    protocol?: AskProtocol;
    sampling?: Sampling;
    shadow?: boolean;
    /** Templates of the subnet's mechanisms. Default: `template` alone. Miners answer as `template` does. */
    mechanisms?: SubnetTemplate[];
    /** A subnet that the chain does not have, to be validated besides. */
    unknownSubnet?: number;
  },
): Promise<Net> {
  const { template } = options;
  const chain = new TestChain();
  chain.tempo = TEMPO;
  const { validatorKey } = bench;
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
  const connect = { url: bench.redisUrl, logger: silentLogger };
  // A chain of its own each time, so that queues of two tests never meet.
  Object.assign(chain.identity, { genesis: `0x${(++runs).toString(16).padStart(64, "0")}` });
  const journalPath = join(bench.folder, `journal-${runs}.db`);
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
    startPlanner: (signal = stopPlanner.signal) =>
      startValidator(
        {
          assignments: [
            ...(options.unknownSubnet === undefined
              ? []
              : [{ netuid: options.unknownSubnet, mechanism: 0, template, config: {} }]),
            ...(options.mechanisms ?? [template]).map((of, mechanism) => ({
              ...{ netuid: 2, mechanism, template: of, config: of.parseConfig({}) },
            })),
          ],
          ...{ workers: 0, allowPrivate: true, targetsPerJob: options.targetsPerJob },
          ...(options.protocol && { protocol: options.protocol }),
          ...(options.sampling && { sampling: options.sampling }),
          shadow: options.shadow,
        },
        {
          chain,
          signer: validatorKey,
          journalPath,
          queue: connect,
          ...(options.sources ? { sources: options.sources } : {}),
          rerunModel: options.rerunModel,
          readFeed: options.readFeed,
          runGraph: options.runGraph,
          clock: systemClock,
          logger: silentLogger,
          signal,
          onEvent: (event) => void events.push(event),
        },
      ),
    restartPlanner: async (meanwhile) => {
      stopPlanner.abort();
      await planner.stopped;
      await meanwhile?.();
      const before = chain.best.number;
      const next = new AbortController();
      planner = await self.startPlanner(next.signal);
      stopPlanner = next;
      await self.untilTrue(async () => chain.best.number > before + 3);
    },
    startWorker: () => {
      const stop = new AbortController();
      const { genesis } = chain.identity;
      const scope = { genesis, validator: validatorKey.address, netuid: 2, template: template.id };
      const stopped = startWorker(
        {
          ...{ scope, allowPrivate: true, concurrency: options.concurrency ?? 8 },
          ...(options.protocol && { protocol: options.protocol }),
        },
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
  /** Blocks wait for answers, but not for ever: a busy machine must not look like an outage. */
  let waitedMs = 0;
  const waitsForAnswers = (): boolean => {
    const { epochs } = planner.journal;
    const waiting =
      !stopPlanner.signal.aborted &&
      epochs.open(2, 0).some((epoch) => [...epochs.outstanding(epoch).keys()].some((id) => id !== "truth"));
    waitedMs = waiting ? waitedMs + BLOCK_MS : 0;
    return waiting && waitedMs < MAX_WAIT_MS;
  };
  let planner = await self.startPlanner();
  workers.push(self.startWorker());
  const blocks = setInterval(() => {
    if (!self.blocksPaused && !waitsForAnswers()) chain.makeBlock();
  }, BLOCK_MS);
  bench.holdNet(self);
  return self;
}
