/** A uid that a newcomer might take over. */
export type PruningCandidate = {
  uid: number;
  /** Combined emission of the last epoch, rao. */
  emission: bigint;
  registeredAt: number;
  /** Registered less than the immunity period ago. */
  immune: boolean;
  /** One of the owner's: never replaced. */
  immortal: boolean;
};

/**
 * The uid that is replaced when a subnet is full: the one that earned least, then the oldest.
 *
 * Immune ones only fall when not more than `minNonImmune` others are left.
 *
 * @returns undefined when nobody may be replaced.
 */
export function uidToPrune(
  candidates: readonly PruningCandidate[],
  minNonImmune: number,
): number | undefined {
  const mortal = candidates.filter((candidate) => !candidate.immortal);
  const exposed = mortal.filter((candidate) => !candidate.immune);
  const pool = exposed.length > minNonImmune ? exposed : mortal.filter((candidate) => candidate.immune);
  return pool.length === 0 ? undefined : pool.reduce(weaker).uid;
}

/** An owner's hotkey on its subnet. */
export type OwnedNeuron = { uid: number; registeredAt: number };

/**
 * The owner's uids that are never replaced: the oldest, with the owner hotkey in front when it is not among them.
 *
 * @param owned - Uids of the owner coldkey's hotkeys. @param ownerUid - Of the owner hotkey, if registered.
 */
export function immortalUids(
  owned: readonly OwnedNeuron[],
  ownerUid: number | undefined,
  limit: number,
): number[] {
  const oldest = [...owned]
    .sort((a, b) => a.registeredAt - b.registeredAt || a.uid - b.uid)
    .slice(0, limit)
    .map(({ uid }) => uid);
  if (ownerUid === undefined || oldest.includes(ownerUid)) return oldest;
  return [ownerUid, ...oldest].slice(0, limit);
}

function weaker(a: PruningCandidate, b: PruningCandidate): PruningCandidate {
  if (a.emission !== b.emission) return a.emission < b.emission ? a : b;
  if (a.registeredAt !== b.registeredAt) return a.registeredAt < b.registeredAt ? a : b;
  return a.uid < b.uid ? a : b;
}
