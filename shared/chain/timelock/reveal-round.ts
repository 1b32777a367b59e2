import type { BlockNumber } from "../../types.ts";
import type { Beacon } from "./beacon.ts";

/** An epoch that did not succeed for so many blocks is due whatever the tempo says. */
const MAX_TEMPO = 50_400;
/** Blocks after the first that may reveal: by then the chain has stored the pulse. */
const SECURITY_BLOCKS = 3;

/** Counters of a subnet's epoch clock after the block `block`. */
export type EpochCounters = {
  block: BlockNumber;
  /** 0: epochs are off. */
  tempo: number;
  lastEpochBlock: BlockNumber;
  /** 0, or the block at which an epoch was requested or deferred to. */
  pendingEpochAt: BlockNumber;
  epochIndex: number;
  blocksSinceLastStep: number;
};

/** When a commit that lands in the next block opens. */
export type RevealPlan = { commitEpoch: number; revealEpoch: number; firstRevealBlock: BlockNumber };

/**
 * The first block in which the chain tries to reveal a commit, by walking the counters of the stateful schedule. An
 * epoch that is requested, deferred or rescheduled later is not foreseen.
 *
 * Source: opentensor/subtensor since the dynamic tempo; see `SubnetRules`.
 *
 * @param revealPeriod - epochs, 1..100
 * @returns undefined when epochs are off
 */
export function planReveal(counters: EpochCounters, revealPeriod: number): RevealPlan | undefined {
  if (counters.tempo === 0) return undefined;
  const clock = { ...counters };
  const limit = counters.block + (revealPeriod + 1) * MAX_TEMPO;
  let commitEpoch: number | undefined;
  for (let block = counters.block + 1; block <= limit; block++) {
    const due = isDue(clock, block);
    const epoch = clock.epochIndex + (due ? 1 : 0);
    commitEpoch ??= epoch;
    const revealEpoch = commitEpoch + revealPeriod;
    if (epoch === revealEpoch) return { commitEpoch, revealEpoch, firstRevealBlock: block };
    clock.blocksSinceLastStep++;
    if (due) {
      clock.lastEpochBlock = block;
      clock.pendingEpochAt = 0;
      clock.epochIndex++;
      clock.blocksSinceLastStep = 0;
    }
  }
  return undefined;
}

/**
 * The round to encrypt to: one or two rounds before the time at which the chain, a little after the first block that
 * may reveal, is sure to have it.
 *
 * @param at.nowSeconds - unix time of `block`, with fractions
 * @param at.blockSeconds - 12 on the real chain
 */
export function revealRound(
  beacon: Pick<Beacon, "genesisSeconds" | "periodSeconds">,
  firstRevealBlock: BlockNumber,
  at: { block: BlockNumber; nowSeconds: number; blockSeconds: number },
): number {
  const blocks = Math.max(firstRevealBlock + SECURITY_BLOCKS - at.block, 0);
  const seconds = at.nowSeconds + blocks * at.blockSeconds;
  return Math.max(1, Math.floor((seconds - beacon.genesisSeconds) / beacon.periodSeconds));
}

function isDue(
  { tempo, pendingEpochAt, blocksSinceLastStep, lastEpochBlock }: EpochCounters,
  block: number,
): boolean {
  return (
    (pendingEpochAt > 0 && block >= pendingEpochAt) ||
    blocksSinceLastStep > MAX_TEMPO ||
    block - lastEpochBlock >= tempo
  );
}
