import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { BlockNumber } from "../shared/types.ts";
import type { OnEvent, ValidatorEvent } from "./events.ts";
import type { Pulse } from "./pulse.ts";

/** How often progress is looked at. */
const LOOK_MS = 5_000;

/** After so long without a word, one is said. */
const SILENT_MS = 60_000;

/** Events that say by themselves how far things are. */
const PROGRESS = /^(epoch|epochs|weights|doppelganger|planner|clock)\./;

export type StatusDeps = {
  pulse: Pulse;
  /** The planner gets so long for one block while blocks come; 0: for ever. */
  maxStallMs: number;
  onEvent: OnEvent;
  clock: Clock;
};

/** Says what a validator waits for while nothing happens, and ends it when it is itself what does not go on. */
export class StatusLine {
  readonly #deps: StatusDeps;
  #toldAtMs: number;
  #stuckSinceMs: number | undefined;
  #standby: string | undefined;
  #doppelganger: BlockNumber | undefined;
  #next: { epoch: number; block: BlockNumber } | undefined;
  #lastVerified: { epoch: number; block: BlockNumber } | undefined;

  constructor(deps: StatusDeps) {
    this.#deps = deps;
    this.#toldAtMs = deps.clock.nowMs();
  }

  onEvent(event: ValidatorEvent): void {
    if (PROGRESS.test(event.event)) this.#toldAtMs = this.#deps.clock.nowMs();
    switch (event.event) {
      case "planner.waiting":
        this.#standby = `the planner ${event.holder}, which works for this hotkey, to end`;
        break;
      case "validator.started":
        this.#standby = undefined;
        break;
      case "doppelganger.waiting":
        this.#doppelganger = event.untilBlock;
        break;
      case "doppelganger.clear":
        this.#doppelganger = undefined;
        break;
      case "epoch.planned":
        this.#next = { epoch: event.epoch + 1, block: event.startBlock + event.tempo };
        break;
      case "weights.verified":
        this.#lastVerified = { epoch: event.epoch, block: event.block };
        break;
    }
  }

  /**
   * Until the signal aborts.
   *
   * @throws SubforgeError VALIDATOR_STALLED when blocks come and the planner does not finish looking at one
   */
  async run(signal: AbortSignal): Promise<void> {
    const { pulse, clock, maxStallMs, onEvent } = this.#deps;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      await pulse.look();
      const stuckMs = this.#stuckMs();
      if (maxStallMs > 0 && stuckMs > maxStallMs) {
        const stalledS = Math.round(stuckMs / 1e3);
        throw new SubforgeError("VALIDATOR_STALLED", { stalledS, block: pulse.bestBlock ?? 0 });
      }
      if (clock.nowMs() - this.#toldAtMs < SILENT_MS) continue;
      const endsInMs = stuckMs > 0 && maxStallMs > 0 ? Math.max(0, maxStallMs - stuckMs) : null;
      this.#toldAtMs = clock.nowMs();
      const lastVerified = this.#lastVerified ?? null;
      onEvent({ event: "validator.waiting", for: this.#waitingFor(stuckMs), lastVerified, endsInMs });
    }
  }

  /**
   * How long blocks came and Redis answered while the planner finished no look. A chain or a Redis that is away is waited
   * for without end.
   */
  #stuckMs(): number {
    const { pulse, clock } = this.#deps;
    const isExcused = pulse.chainTrouble() !== undefined || !pulse.queue || !pulse.isPlannerBehind;
    if (isExcused || pulse.plannerAgeMs < LOOK_MS) this.#stuckSinceMs = undefined;
    else this.#stuckSinceMs ??= clock.nowMs();
    return this.#stuckSinceMs === undefined ? 0 : clock.nowMs() - this.#stuckSinceMs;
  }

  #waitingFor(stuckMs: number): string {
    const { pulse } = this.#deps;
    const trouble = pulse.chainTrouble() ?? this.#standby ?? pulse.queueTrouble();
    if (trouble !== undefined) return trouble;
    if (stuckMs > 0) {
      return `its own look at a block, for ${Math.round(stuckMs / 1e3)} s; the newest is ${pulse.bestBlock}`;
    }
    if (this.#doppelganger !== undefined) {
      return `signs of another machine with this hotkey, until block ${this.#doppelganger}${this.#timeTo(this.#doppelganger)}`;
    }
    if (!this.#next) return "the next epoch";
    return `epoch ${this.#next.epoch}, at block ${this.#next.block}${this.#timeTo(this.#next.block)}`;
  }

  /** @example ", in about 12 min" */
  #timeTo(block: BlockNumber): string {
    const { bestBlock, blockMs } = this.#deps.pulse;
    if (bestBlock === undefined || blockMs === undefined || block <= bestBlock) return "";
    const seconds = ((block - bestBlock) * blockMs) / 1e3;
    return seconds < 90
      ? `, in about ${Math.round(seconds)} s`
      : `, in about ${Math.round(seconds / 60)} min`;
  }
}
