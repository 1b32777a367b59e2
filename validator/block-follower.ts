import type { BlockHead, Chain, SubnetRules } from "../shared/chain/chain.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import type { Netuid } from "../shared/types.ts";
import type { OnEvent } from "./events.ts";
import type { Lane } from "./lane.ts";

/** No new block for so long is worth a word. */
const SILENT_CHAIN_MS = 30_000;

/** Pause before the chain is asked for its blocks again after it failed. */
const CHAIN_RETRY_MS = 1_000;

/** Between two looks for work that nobody has. */
const ASK_EVERY_MS = 1_000;

/** What the chain decides for one subnet, asked once per block for all its mechanisms. */
export class RulesReader {
  readonly #chain: Pick<Chain, "subnetRules">;
  readonly #netuid: Netuid;
  #head: BlockHead | undefined;
  #known: { head: BlockHead | undefined; rules: Promise<SubnetRules> } | undefined;

  constructor(chain: Pick<Chain, "subnetRules">, netuid: Netuid) {
    this.#chain = chain;
    this.#netuid = netuid;
  }

  /** From now on older answers are old. */
  seen(head: BlockHead): void {
    this.#head = head;
  }

  read(): Promise<SubnetRules> {
    if (this.#known && this.#known.head === this.#head) return this.#known.rules;
    const known = { head: this.#head, rules: this.#chain.subnetRules(this.#netuid) };
    this.#known = known;
    known.rules.catch(() => {
      if (this.#known === known) this.#known = undefined; // the next one asks again
    });
    return known.rules;
  }
}

/**
 * Gives every lane a look at each new block, and now and then one for work that nobody has. A chain that is away or silent
 * is told by name.
 */
export async function followBlocks(
  chain: Pick<Chain, "heads">,
  parts: { lanes: readonly Lane[]; readers: readonly RulesReader[] },
  deps: { clock: Clock; logger: Logger; signal: AbortSignal; onEvent: OnEvent },
): Promise<void> {
  const { clock, logger, signal } = deps;
  const ended = new AbortController();
  const silence = new Silence(deps);
  const ticking = keepAsking(parts.lanes, silence, clock, AbortSignal.any([signal, ended.signal]));
  try {
    while (!signal.aborted) {
      try {
        for await (const head of chain.heads(signal)) {
          silence.heard(head);
          for (const reader of parts.readers) reader.seen(head);
          for (const lane of parts.lanes) lane.want("all");
        }
      } catch (error) {
        if (!isSubforgeError(error) || !(error.retryable || error.code.startsWith("CHAIN_"))) throw error;
        logger.warn("chain.trouble", { code: error.code, reason: error.message });
      }
      await clock.sleep(CHAIN_RETRY_MS, signal);
    }
  } finally {
    ended.abort();
    await ticking;
  }
}

async function keepAsking(
  lanes: readonly Lane[],
  silence: Silence,
  clock: Clock,
  until: AbortSignal,
): Promise<void> {
  while (!until.aborted) {
    await clock.sleep(ASK_EVERY_MS, until);
    silence.look();
    for (const lane of lanes) lane.want("ask");
  }
}

/** A socket may stay open while nothing comes: only blocks prove that the chain is there. */
class Silence {
  readonly #deps: { clock: Clock; logger: Logger; onEvent: OnEvent };
  #heardMs: number;
  #block: number | undefined;
  #isTold = false;

  constructor(deps: { clock: Clock; logger: Logger; onEvent: OnEvent }) {
    this.#deps = deps;
    this.#heardMs = deps.clock.nowMs();
  }

  heard({ number: block }: BlockHead): void {
    const { clock, onEvent } = this.#deps;
    const silentMs = clock.nowMs() - this.#heardMs;
    this.#heardMs = clock.nowMs();
    this.#block = block;
    if (this.#isTold) onEvent({ event: "chain.back", block, silentMs });
    this.#isTold = false;
  }

  look(): void {
    const { clock, logger, onEvent } = this.#deps;
    const silentMs = clock.nowMs() - this.#heardMs;
    if (silentMs < SILENT_CHAIN_MS || this.#isTold) return;
    this.#isTold = true;
    const block = this.#block ?? null;
    logger.warn("chain.silent", { block, silentMs });
    onEvent({ event: "chain.silent", block, silentMs });
  }
}
