import type { OperatorChain } from "../shared/chain/operator-chain.ts";
import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/logger.ts";
import { ChainClock } from "./chain-clock.ts";
import type { OnEvent } from "./events.ts";
import type { Pulse } from "./pulse.ts";

/** A chain of fast blocks is asked no more often. */
const LEAST_PAUSE_MS = 1_000;
/** Smaller changes are not told. */
const RETELL_S = 1;
/** After a question that failed. */
const RETRY_MS = 10_000;

export type ChainClockDeps = {
  chain: Pick<OperatorChain, "heads" | "blockTimeMs">;
  pulse: Pick<Pulse, "blockMs">;
  onEvent: OnEvent;
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
};

/** Compares this machine's clock with that of the chain until the signal aborts, and tells when they begin to differ. */
export async function followChainClock(deps: ChainClockDeps): Promise<void> {
  const { chain, pulse, clock, logger, signal } = deps;
  const clocks = new ChainClock(() => pulse.blockMs);
  let told = 0;
  let askedAtMs = 0;
  while (!signal.aborted) {
    try {
      for await (const { hash } of chain.heads(signal)) {
        const atMs = clock.nowMs();
        if (Math.abs(atMs - askedAtMs) < LEAST_PAUSE_MS) continue;
        askedAtMs = atMs;
        const blockMs = await chain.blockTimeMs(hash);
        if (blockMs !== undefined) clocks.seen({ atMs, blockMs });
        told = tell(deps, clocks.skewSeconds(), told);
      }
    } catch (error) {
      logger.debug("clock.not-read", { reason: String(error) });
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

/** @returns What was told last, seconds: a difference is told when it begins, changes by a second or more, and ends. */
function tell({ onEvent, logger }: ChainClockDeps, skew: number | undefined, told: number): number {
  if (skew === undefined) return told;
  const skewSeconds = Math.round(skew * 10) / 10;
  if (skewSeconds !== 0 && Math.abs(skewSeconds - told) < RETELL_S) return told;
  if (skewSeconds === told) return told;
  if (skewSeconds === 0) onEvent({ event: "clock.agrees" });
  else {
    const next = "set the clock of this machine, as in: timedatectl set-ntp true";
    logger.error("clock.skewed", { skewSeconds, next });
    onEvent({ event: "clock.skewed", skewSeconds });
  }
  return skewSeconds;
}
