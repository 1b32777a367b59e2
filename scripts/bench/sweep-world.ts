import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { startPrivateRedis } from "../../shared/queue/private-redis.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { startValidator } from "../../validator/validator.ts";
import { type BenchPart, startPart } from "./bench-part.ts";
import { type ChainProcess, startChainProcess } from "./chain-process.ts";
import { neuronKey } from "./full-subnet.ts";
import { LoopLag } from "./loop-lag.ts";
import { SWEEP_NEURONS, SweepSubnet, sweepKey, VALIDATOR_UID } from "./sweep-subnet.ts";
import { sweepTemplate } from "./sweep-template.ts";

/** Two processes of axons, in the order of uids. `badPorts`: where a bad miner listens in the place of this one. */
export type AxonParts = readonly BenchPart<{ ports: number[]; badPorts: (number | null)[] }>[];

/** One epoch of a full subnet. */
export type SweepRound = {
  /** From the block that begins the epoch to the scores in the journal. */
  roundMs: number;
  /** From the plan to the last answer in the journal. */
  askedMs: number;
  workerLagMs: number;
  plannerLagMs: number;
  workerRssMb: number;
};

/** Blocks so far apart that an epoch is long enough for its slowest answers. */
const BLOCK_MS = 400;
const LOOK_MS = 1_000;
const ROUND_TIMEOUT_MS = 60_000;

/** Chain, Redis and worker as processes of their own, and the planner in this one. */
export class SweepWorld {
  readonly #axons: AxonParts;
  readonly #folder: string;
  readonly #stop = new AbortController();
  readonly #lag = new LoopLag();
  readonly #events: { event: ValidatorEvent; atMs: number }[] = [];
  #wakes: (() => void)[] = [];
  #node!: ChainProcess;
  #chain: OperatorChain | undefined;
  #subnet!: SweepSubnet;
  #worker: BenchPart<unknown> | undefined;
  readonly #stopped: Promise<unknown>[] = [];
  #looks = 0;

  private constructor(axons: AxonParts, folder: string) {
    this.#axons = axons;
    this.#folder = folder;
  }

  static async open(axons: AxonParts): Promise<SweepWorld> {
    const world = new SweepWorld(axons, await mkdtemp(join(tmpdir(), "subforge-sweep-")));
    try {
      await world.#start();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** The next epoch, from its first block on. */
  async round(): Promise<SweepRound> {
    const from = this.#events.length;
    let startedMs = 0;
    while (!this.#find(from, "epoch.planned")) {
      await delay(BLOCK_MS);
      await this.#readLags();
      startedMs = performance.now();
      await this.#blockAndLook();
    }
    const asked = SWEEP_NEURONS - 1;
    const planned = this.#find(from, "epoch.planned")!;
    await this.#until(() => this.#recorded(from) >= asked);
    const askedMs = this.#events.at(-1)!.atMs - planned.atMs;
    await this.#subnet.block();
    await this.#until(() => this.#find(from, "epoch.scored") ?? this.#find(from, "epoch.void"));
    const scored = this.#find(from, "epoch.scored");
    if (!scored) throw new SubforgeError("BENCH_USAGE", { problem: "the epoch was void" });
    const lags = await this.#readLags();
    const workerRssMb = this.#worker!.rssBytes() / 1e6;
    return { roundMs: scored.atMs - startedMs, askedMs, ...lags, workerRssMb };
  }

  /** From the next epoch on, some of the miners never answer, or without an end. */
  async goBad(): Promise<void> {
    await this.#subnet.announce(this.#ports("badPorts"));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#stopped, this.#worker?.stop()]);
    await this.#chain?.close();
    await this.#node?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const signal = this.#stop.signal;
    const logger = silentLogger;
    this.#node = await startChainProcess();
    this.#subnet = await SweepSubnet.create(this.#node);
    await this.#subnet.announce(this.#ports("ports"));
    const redis = await startPrivateRedis({ folder: join(this.#folder, "redis"), signal, logger });
    this.#chain = await openSubstrateChain({ endpoint: this.#node.endpoint }, logger);
    const template = sweepTemplate as unknown as SubnetTemplate;
    const signer = sweepKey(VALIDATOR_UID);
    const { netuid } = this.#subnet;
    const validator = await startValidator(
      {
        assignments: [{ netuid, mechanism: 0, template, config: template.parseConfig({}) }],
        ...{ workers: 0, allowPrivate: true },
      },
      {
        ...{ chain: this.#chain, signer },
        ...{ journalPath: join(this.#folder, "journal.db"), queue: { url: redis.url, logger } },
        ...{ clock: systemClock, logger, signal },
        onEvent: (event) => {
          this.#events.push({ event, atMs: performance.now() });
          this.#wake();
        },
        onLook: () => {
          this.#looks++;
          this.#wake();
        },
      },
    );
    this.#stopped.push(validator.stopped, redis.stopped);
    const { genesis } = this.#chain.identity;
    const scope = JSON.stringify({ genesis, validator: signer.address, netuid, template: template.id });
    const words = ["worker", neuronKey(VALIDATOR_UID), scope, redis.url];
    this.#worker = await startPart([process.execPath, processEntry("bench-sweep"), ...words]);
  }

  #ports(kind: "ports" | "badPorts"): Map<number, number> {
    const ports = this.#axons.flatMap((part) => part.ready[kind]);
    const known = ports.flatMap((port, uid) =>
      port === null || uid === VALIDATOR_UID ? [] : [[uid, port] as const],
    );
    return new Map(known);
  }

  /** A planner that was busy with the block before may look at both in one. */
  async #blockAndLook(): Promise<void> {
    const looks = this.#looks;
    await this.#subnet.block();
    await Promise.race([this.#until(() => this.#looks > looks), delay(LOOK_MS)]);
  }

  #find(from: number, name: ValidatorEvent["event"]): { atMs: number } | undefined {
    return this.#events.slice(from).find(({ event }) => event.event === name);
  }

  #recorded(from: number): number {
    return this.#events
      .slice(from)
      .reduce((sum, { event }) => sum + (event.event === "answers.collected" ? event.recorded : 0), 0);
  }

  async #readLags(): Promise<{ workerLagMs: number; plannerLagMs: number }> {
    this.#worker!.say("\n");
    const worker = JSON.parse(await this.#worker!.nextLine()) as { p99Ms: number };
    return { workerLagMs: worker.p99Ms, plannerLagMs: this.#lag.read().p99Ms };
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  async #until(condition: () => unknown): Promise<void> {
    const late = delay(ROUND_TIMEOUT_MS, "late", { ref: false });
    while (!condition()) {
      const woken = new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
      if ((await Promise.race([woken, late])) === "late") {
        const last = JSON.stringify(this.#events.at(-1)?.event ?? "the start").slice(0, 200);
        throw new SubforgeError("BENCH_USAGE", { problem: `the validator did not go on after ${last}` });
      }
    }
  }
}
