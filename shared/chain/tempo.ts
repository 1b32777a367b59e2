import type { BlockNumber } from "../types.ts";

/**
 * First block at which the subnet's next epoch is due. It runs later when too many subnets are due in one block.
 *
 * Source: opentensor/subtensor, stateful schedule of 2026; see `SubnetRules`.
 *
 * @param clock - `pendingEpochAt` is 0 when no epoch was requested.
 * @returns undefined when epochs are switched off (tempo 0).
 */
export function nextEpochBlock(clock: {
  tempo: number;
  lastEpochBlock: BlockNumber;
  pendingEpochAt: BlockNumber;
}): BlockNumber | undefined {
  if (clock.tempo === 0) return undefined;
  const regular = clock.lastEpochBlock + clock.tempo;
  return clock.pendingEpochAt > 0 ? Math.min(regular, clock.pendingEpochAt) : regular;
}
