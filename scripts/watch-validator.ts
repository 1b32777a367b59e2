import packageJson from "../package.json" with { type: "json" };
import type { OperatorChain } from "../shared/chain/operator-chain.ts";
import { systemClock } from "../shared/clock.ts";
import type { Logger, LogLevel } from "../shared/logger.ts";
import { serveMetrics } from "../shared/metrics/metrics-server.ts";
import { type StallWatch, startStallWatch } from "../shared/stall-watch.ts";
import type { ValidatorEvent } from "../validator/events.ts";
import { followChainClock } from "../validator/follow-chain-clock.ts";
import { ValidatorMetrics } from "../validator/metrics.ts";
import { Pulse } from "../validator/pulse.ts";
import { StatusLine } from "../validator/status-line.ts";
import type { Validator } from "../validator/validator.ts";

/** Flags of `validator run` and `validator worker` for those who watch them. */
export type WatchArgs = { metricsPort: number | undefined; maxStallS: number; logLevel: LogLevel };

/** A process that was told to stop is killed after this: it stops by itself within 10 s, its private Redis included. */
export const STOP_LIMIT_MS = 20_000;

/** Everything that looks at a running validator and does none of its work: metrics, health, status lines, watchdogs. */
export class ValidatorWatch {
  readonly metrics = new ValidatorMetrics(packageJson.version);
  readonly #args: WatchArgs;
  readonly #logger: Logger;
  readonly #print: (event: ValidatorEvent) => void;
  readonly #stallWatch: StallWatch;
  readonly #closed = new AbortController();
  #pulse: Pulse | undefined;
  #status: StatusLine | undefined;
  #validator: Validator | undefined;
  #page: { url: string; close(): Promise<void> } | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(args: WatchArgs, deps: { logger: Logger; print(event: ValidatorEvent): void }) {
    this.#args = args;
    this.#logger = deps.logger;
    this.#print = deps.print;
    const maxStallMs = args.maxStallS * 1e3;
    this.#stallWatch = startStallWatch({ maxStallMs, role: "planner", level: args.logLevel }, deps.logger);
  }

  /**
   * The chain is there: from now on there is something to see, also while another planner has its turn.
   *
   * @returns A promise that rejects with VALIDATOR_STALLED when progress stops, and resolves when it is closed.
   * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN
   */
  async open(chain: OperatorChain, journalPath: string): Promise<{ stalled: Promise<void> }> {
    const { metricsPort, maxStallS } = this.#args;
    const pulse = new Pulse({
      chain: () => chain.status(),
      queue: async () => {
        if (!this.#validator) throw new Error("it is not started");
        return this.#validator.queueStats();
      },
      workers: () => this.#validator?.workerPids().length ?? 0,
      journalPath,
      isWatched: () => this.#stallWatch.isAlive(),
      clock: systemClock,
    });
    this.#pulse = pulse;
    const onEvent = (event: ValidatorEvent) => this.onEvent(event);
    this.#status = new StatusLine({ pulse, maxStallMs: maxStallS * 1e3, onEvent, clock: systemClock });
    this.metrics.watch(pulse);
    if (metricsPort !== undefined) {
      const health = { "/health/live": () => pulse.live(), "/health/ready": () => pulse.ready() };
      this.#page = await serveMetrics({ metrics: this.metrics, health }, metricsPort);
      this.onEvent({ event: "metrics.served", url: this.#page.url });
    }
    const { signal } = this.#closed;
    const clocks = followChainClock({
      chain,
      pulse,
      onEvent,
      logger: this.#logger,
      clock: systemClock,
      signal,
    });
    const stalled = this.#status.run(signal);
    this.#running = Promise.allSettled([clocks, stalled]);
    return { stalled };
  }

  /** It plans now. */
  started(validator: Validator): void {
    this.#validator = validator;
    this.#pulse?.plannerLooked();
    for (const subject of validator.journal.subjects()) {
      const newest = validator.journal.weights.latest(subject.netuid, subject.mechanism, 16);
      const verified = newest.find(({ status }) => status === "verified");
      const block = verified?.revealedBlock ?? verified?.block;
      if (block !== undefined) this.metrics.lastVerified(subject, block);
    }
  }

  onEvent(event: ValidatorEvent): void {
    this.metrics.onEvent(event);
    this.#status?.onEvent(event);
    this.#print(event);
  }

  onLook(): void {
    this.#pulse?.plannerLooked();
  }

  /** The process was told to stop: from now on its time runs out. */
  stopping(): void {
    this.#stallWatch.endWithin(STOP_LIMIT_MS);
  }

  async close(): Promise<void> {
    this.stopping();
    this.#closed.abort();
    await this.#running;
    await this.#page?.close();
  }
}
