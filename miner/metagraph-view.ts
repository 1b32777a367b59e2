import type { Chain } from "../shared/chain/chain.ts";
import { type Metagraph, type Neuron, neuronByHotkey } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import type { Hotkey, Netuid } from "../shared/types.ts";
import { type CallerView, toCallerView } from "./caller-policy.ts";

/** Between two questions to the chain on behalf of callers. */
const RENEW_INTERVAL_MS = 500;
const RENEW_TIMEOUT_MS = 2_000;

type Deps = { chain: Pick<Chain, "metagraph">; clock: Clock; logger: Logger };

/** The newest metagraph that the chain gave, kept while the chain is away. */
export class MetagraphView {
  readonly #netuid: Netuid;
  readonly #hotkey: Hotkey;
  readonly #deps: Deps;
  #callers: CallerView;
  #self: Neuron | undefined;
  #renewal: Promise<void> | undefined;

  /** @throws SubforgeError MINER_NOT_REGISTERED, and what the chain throws */
  static async open(
    netuid: Netuid,
    hotkey: Hotkey,
    deps: Deps,
  ): Promise<{ view: MetagraphView; self: Neuron }> {
    const metagraph = await deps.chain.metagraph(netuid);
    const self = neuronByHotkey(metagraph, hotkey);
    if (!self) throw new SubforgeError("MINER_NOT_REGISTERED", { hotkey, netuid });
    return { view: new MetagraphView(netuid, self, metagraph, deps), self };
  }

  private constructor(netuid: Netuid, self: Neuron, metagraph: Metagraph, deps: Deps) {
    this.#netuid = netuid;
    this.#hotkey = self.hotkey;
    this.#self = self;
    this.#deps = deps;
    this.#callers = toCallerView(metagraph, deps.clock.nowMs());
  }

  /** The miner's own row as last seen; undefined when it has none any more. */
  get self(): Neuron | undefined {
    return this.#self;
  }

  /** For the caller policy, with its age. */
  get callers(): CallerView {
    return this.#callers;
  }

  /**
   * For a proven caller whom the view refuses: a permit may be newer than even a young view. The chain is asked twice a
   * second at most, whoever calls how often, and not waited for when it is slow.
   */
  async renewed(): Promise<CallerView> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    await Promise.race([this.#renewal, this.#deps.clock.sleep(RENEW_TIMEOUT_MS)]);
    return this.#callers;
  }

  async #renew(): Promise<void> {
    const { clock } = this.#deps;
    const ageMs = clock.nowMs() - this.#callers.seenAtMs;
    if (ageMs < RENEW_INTERVAL_MS) await clock.sleep(RENEW_INTERVAL_MS - ageMs);
    await this.refresh().catch(() => undefined); // the view ages, and `follow` says why
  }

  /** @returns The miner's own row, undefined when it has none any more. */
  async refresh(): Promise<Neuron | undefined> {
    const metagraph = await this.#deps.chain.metagraph(this.#netuid);
    this.#callers = toCallerView(metagraph, this.#deps.clock.nowMs());
    const self = neuronByHotkey(metagraph, this.#hotkey);
    const { logger } = this.#deps;
    const before = this.#self;
    if (!self && before) logger.error("miner.deregistered", { hotkey: this.#hotkey, netuid: this.#netuid });
    if (self && before && self.uid !== before.uid) {
      logger.warn("miner.uid-changed", { from: before.uid, to: self.uid });
    }
    this.#self = self;
    return self;
  }

  /**
   * Refreshes until the signal aborts. A chain that is away is said once, and once when it is back.
   *
   * @param onSeen - Told of the miner's own row after each look, undefined when it has none. Never rejects.
   */
  async follow(
    everyMs: number,
    signal: AbortSignal,
    onSeen: (self: Neuron | undefined) => Promise<void>,
  ): Promise<void> {
    const { clock, logger } = this.#deps;
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    let isAway = false;
    for (;;) {
      await clock.sleep(everyMs, signal);
      if (signal.aborted) return;
      const refreshed = this.refresh().then(onSeen, String);
      const error = await Promise.race([refreshed, aborted]); // a slow chain must not hold up the end
      if (error && !isAway) logger.warn("miner.chain-away", { error });
      if (!error && isAway) logger.info("miner.chain-back", {});
      isAway = error !== undefined;
    }
  }
}
