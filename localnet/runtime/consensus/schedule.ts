/** An epoch that did not succeed for so many blocks is due whatever the tempo says. */
const MAX_BLOCKS_WITHOUT_STEP = 50_400;

/** Counters of a subnet's epoch clock. Blocks. */
export type EpochClock = {
  /** 0: epochs are off. */
  tempo: number;
  lastEpochBlock: number;
  /** 0, or the block at which an epoch was requested or deferred to. */
  pendingEpochAt: number;
  blocksSinceLastStep: number;
};

/** Shall the subnet run an epoch in this block? */
export function isEpochDue(clock: EpochClock, block: number): boolean {
  if (clock.tempo === 0) return false;
  return (
    (clock.pendingEpochAt > 0 && block >= clock.pendingEpochAt) ||
    clock.blocksSinceLastStep > MAX_BLOCKS_WITHOUT_STEP ||
    Math.max(0, block - clock.lastEpochBlock) >= clock.tempo
  );
}

/** @returns `Infinity` when epochs are off. */
export function blocksUntilNextEpoch(tempo: number, lastEpochBlock: number, block: number): number {
  if (tempo === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, lastEpochBlock + tempo - block);
}

/** The owner may not change parameters when an epoch is so near. */
export function isInFreezeWindow(clock: EpochClock, block: number, window: number): boolean {
  if (clock.pendingEpochAt > block) return true;
  return blocksUntilNextEpoch(clock.tempo, clock.lastEpochBlock, block) < window;
}

/** First slot of a new subnet: spread by netuid, so that not all subnets are due in the same block. */
export function firstEpochSlot(block: number, netuid: number, tempo: number): number {
  return Math.max(0, block - (netuid % Math.max(tempo, 1)));
}

/** Blocks after its last weights at which a validator counts as inactive. @param factor - Thousandths of a tempo. */
export function activityCutoffBlocks(factor: number, tempo: number): number {
  return Math.max(1, Math.floor((factor * tempo) / 1000));
}
