import { setTimeout as delay } from "node:timers/promises";
import { AFFLICT, TAMPERED_MINERS } from "./afflict.ts";
import { checkHistory } from "./check-history.ts";
import { checkLiveness, type EpochSpan, type Trouble } from "./liveness.ts";
import { type Affliction, type Schedule, type Strike, toText } from "./schedule.ts";
import { TestSubnet } from "./test-subnet.ts";
import type { ValidatorChild } from "./validator-child.ts";

const HONEST = 5;
/** Blocks per epoch. */
export const TEMPO = 30;

/** Chain and miners live in this process: while its loop stands still, nobody reaches them. */
const LOOK_EVERY_MS = 100;
const STOOD_STILL_MS = 500;

/** As a supervisor does it. */
const RESTART_MS = 250;
/** Until the first verified vector, and until the first one after everything was lifted. */
const WARM_UP_EPOCHS = 15;
const RECOVER_EPOCHS = 8;
/** Until miners are asked and scored again: a secret has to be on the chain an epoch before. */
const SCORE_EPOCHS = 4;
const STOP_MS = 12_000;

/** While these hold, no vector can get onto the chain, or nobody is there who could bring it. */
const PREVENTS: readonly Affliction[] = [
  ...(["chain-cut", "chain-half-open", "chain-slow", "chain-loses-answers", "chain-reorg"] as const),
  ...(["pool-refuses-1014", "finality-stalls", "planner-killed", "planner-stopped", "disk-full"] as const),
];

/** How long after a fault was lifted work went on: the first event of the kind that had stopped. */
export type Recovery = { kind: Affliction; ms: number; limitMs: number };

const LIMIT_MS: Partial<Record<string, number>> = {
  redis: 10_000,
  chain: 15_000,
  planner: 15_000,
  worker: 15_000,
};

export type ScheduleResult = {
  seed: string;
  ok: boolean;
  strikes: string[];
  problems: string[];
  verified: number;
  owed: number;
  recoveries: Recovery[];
  /** How often this machine was too busy to keep the chain itself going. */
  stoodStill: number;
};

export type PlayOptions = {
  folder: string;
  blockMs: number;
  /** Hears what is done to the validator, and what it says to it, as it happens. */
  tell?: ((line: string) => void) | undefined;
};

/** Lives through one schedule of faults on a subnet of its own, and looks at everything that is known afterwards. */
export async function playSchedule(
  schedule: Schedule,
  { folder, blockMs, tell }: PlayOptions,
): Promise<ScheduleResult> {
  const subnet = await TestSubnet.start({
    folder,
    method: "plain",
    blockMs,
    tempo: TEMPO,
    honest: HONEST,
  });
  for (const miner of subnet.miners.slice(0, TAMPERED_MINERS)) subnet.changes(miner);
  const run = new Run(subnet, blockMs * TEMPO, tell);
  try {
    await run.through(schedule);
    const violations = checkHistory(subnet.history()).map(({ promise, what }) => `${promise}: ${what}`);
    const journal = subnet.history().journals[0]!;
    const firstVerified = run.firstVerified ?? Number.POSITIVE_INFINITY;
    const { owed, missed } = checkLiveness(run.spans, run.troubles, journal, firstVerified);
    const silent = missed.map(
      ({ epoch, why }) => `epoch ${epoch} has no verified vector although the chain was there: ${why}`,
    );
    const problems = [...run.problems, ...violations, ...silent];
    const verified = journal.receipts.filter(({ status }) => status === "verified").length;
    return {
      ...{ seed: schedule.seed, ok: problems.length === 0, strikes: schedule.strikes.map(toText), problems },
      ...{ verified, owed: owed.length, recoveries: run.recoveries, stoodStill: run.stoodStill },
    };
  } finally {
    await subnet.close();
  }
}

class Run {
  readonly problems: string[] = [];
  readonly recoveries: Recovery[] = [];
  readonly troubles: Trouble[] = [];
  readonly spans: EpochSpan[] = [];
  firstVerified: number | undefined;
  stoodStill = 0;
  readonly #subnet: TestSubnet;
  readonly #epochMs: number;
  readonly #over = new AbortController();
  #planner: ValidatorChild | undefined;
  #worker: number | undefined;
  #held = 0;
  /** When the last of the faults was lifted, and when the disk was full no more. */
  #liftedMs = 0;
  #fullMs = 0;
  /** Since when no planner is there. */
  #goneMs: number | undefined;
  readonly #tell: (line: string) => void;
  readonly #startedMs = performance.now();

  constructor(subnet: TestSubnet, epochMs: number, tell?: (line: string) => void) {
    this.#subnet = subnet;
    this.#epochMs = epochMs;
    this.#tell = (line) => tell?.(`${((performance.now() - this.#startedMs) / 1000).toFixed(2)} s ${line}`);
  }

  async through(schedule: Schedule): Promise<void> {
    const subnet = this.#subnet;
    this.#followEpochs();
    const watch = this.#watchOurselves();
    const supervised = this.#supervise();
    const first = await this.#next("weights.verified", -1, WARM_UP_EPOCHS);
    if (first === undefined)
      this.problems.push(`no verified vector within ${WARM_UP_EPOCHS} epochs: ${this.#planner?.said}`);
    else {
      this.firstVerified = first;
      await Promise.all([
        delay(schedule.lengthMs),
        ...schedule.strikes.map((strike) => this.#strike(strike)),
      ]);
      const lifted = subnet.epoch;
      if ((await this.#next("epoch.scored", lifted, SCORE_EPOCHS)) === undefined)
        this.problems.push(
          `nobody was scored any more within ${SCORE_EPOCHS} epochs: ${this.#planner?.said}`,
        );
      const again = await this.#next("weights.verified", lifted, RECOVER_EPOCHS);
      if (again === undefined) this.problems.push(`nothing was verified any more: ${this.#planner?.said}`);
    }
    this.#over.abort();
    await supervised;
    clearInterval(watch);
  }

  /** An epoch in which the chain did not answer is not owed, whyever it did not. */
  #watchOurselves(): NodeJS.Timeout {
    let lastMs = Date.now();
    return setInterval(() => {
      const nowMs = Date.now();
      if (nowMs - lastMs > LOOK_EVERY_MS + STOOD_STILL_MS) {
        this.stoodStill++;
        this.troubles.push({ fromMs: lastMs, toMs: nowMs });
        this.#tell(`chain and miners stood still for ${nowMs - lastMs} ms`);
      }
      lastMs = nowMs;
    }, LOOK_EVERY_MS);
  }

  async #strike(strike: Strike): Promise<void> {
    const { kind, atMs, forMs } = strike;
    await delay(atMs);
    this.#held++;
    this.#tell(`${kind} strikes`);
    const fromMs = Date.now();
    const lift = await AFFLICT[kind]({
      subnet: this.#subnet,
      planner: () => this.#planner?.process.pid,
      worker: () => this.#worker,
    });
    await delay(forMs);
    await lift();
    this.#tell(`${kind} is lifted`);
    const toMs = Date.now();
    this.#liftedMs = toMs;
    if (kind === "disk-full") this.#fullMs = toMs;
    this.#held--;
    if (PREVENTS.includes(kind)) this.troubles.push({ fromMs, toMs });
    await this.#measure(kind, toMs);
  }

  /** Only where nothing else is broken at the same time: the sum of several faults has no limit of its own. */
  async #measure(kind: Affliction, liftedMs: number): Promise<void> {
    const area = kind.split("-")[0]!;
    const limitMs = LIMIT_MS[area];
    if (limitMs === undefined || this.#held > 0) return;
    const until = liftedMs + 2 * limitMs;
    const before = this.#subnet.events.length;
    const shows = area === "redis" || area === "worker" ? "answers.collected" : /^(epoch|weights|answers)\./;
    while (Date.now() < until && this.#held === 0) {
      const found = this.#subnet.events.slice(before).some(({ event }) => event.match(shows));
      if (found) return void this.recoveries.push({ kind, ms: Date.now() - liftedMs, limitMs });
      await delay(50);
    }
    if (this.#held === 0) this.recoveries.push({ kind, ms: Date.now() - liftedMs, limitMs });
  }

  /** A planner that ended is started again, as by a supervisor; when it ended by itself, that must have a cause. */
  async #supervise(): Promise<void> {
    const subnet = this.#subnet;
    while (!this.#over.signal.aborted) {
      const planner = subnet.runValidator(["--workers", "1"], {
        SUBFORGE_FAIL_POINT: "clock.step",
        SUBFORGE_FAIL_POINTS_ALLOWED: "yes",
      });
      this.#planner = planner;
      const startedMs = Date.now();
      const stopped = new Promise<void>((resolve) => {
        this.#over.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([planner.ended, stopped]);
      if (planner.isRunning) break;
      this.#goneMs ??= Date.now();
      if (this.#held === 0 && Date.now() - startedMs > RESTART_MS) {
        const how = await planner.ended;
        // A full disk ends it, and ending takes a while: longer perhaps than the disk is full.
        const isFull = planner.said.includes("JOURNAL_FULL") && Date.now() - this.#fullMs < STOP_MS;
        if (how !== "SIGKILL" && !isFull)
          this.problems.push(`the planner ended by itself with ${how}: ${planner.said}`);
      }
      await delay(RESTART_MS, undefined, { signal: this.#over.signal }).catch(() => undefined);
    }
    const planner = this.#planner!;
    this.#tell("the planner is told to stop");
    planner.process.kill("SIGTERM");
    const how = await Promise.race([planner.ended, delay(STOP_MS).then(() => "nothing")]);
    if (how !== 0)
      this.problems.push(`the planner ended with ${how} when it was told to stop: ${planner.said}`);
    if (planner.isRunning) await planner.kill();
  }

  /**
   * From the end of a planner to the start of the next one nobody can act: it waits until the lease of the one that died is
   * over, and for Redis and the chain where they are away, but no longer than the limit once they are there.
   */
  #isBack(): void {
    if (this.#goneMs === undefined) return;
    const nowMs = Date.now();
    this.troubles.push({ fromMs: this.#goneMs, toMs: nowMs });
    const tookMs = nowMs - Math.max(this.#goneMs, this.#liftedMs);
    if (this.#held === 0 && tookMs > LIMIT_MS.planner!)
      this.problems.push(`a planner was there again only after ${tookMs} ms`);
    this.#goneMs = undefined;
  }

  #followEpochs(): void {
    const subnet = this.#subnet;
    subnet.onEvent = (event) => {
      if (event.event === "worker.started") this.#worker = event.pid;
      if (event.event === "validator.started") this.#isBack();
      this.#tell(JSON.stringify(event));
    };
    let current = { epoch: subnet.epoch, fromMs: Date.now() };
    subnet.node.inside.onBlock.add(() => {
      const { epoch } = subnet;
      if (epoch === current.epoch) return;
      this.spans.push({ ...current, toMs: Date.now() });
      this.#tell(`epoch ${epoch} begins at block ${subnet.node.inside.head.header.number}`);
      current = { epoch, fromMs: Date.now() };
    });
  }

  /** @returns the first later epoch of which this is told in time */
  async #next(
    name: "epoch.scored" | "weights.verified",
    after: number,
    epochs: number,
  ): Promise<number | undefined> {
    const until = Date.now() + epochs * this.#epochMs;
    while (Date.now() < until) {
      for (const event of this.#subnet.events) {
        if (event.event === name && event.epoch > after) return event.epoch;
      }
      await delay(100);
    }
    return undefined;
  }
}
