import type { EpochContext, Participant } from "../template.ts";
import type { Hotkey } from "../types.ts";

/**
 * Whom a validator asks when anybody may serve: everybody but itself and but other validators that serve nothing.
 * A miner without an address is asked too, so that the reason why it earns nothing is on record.
 *
 * @returns Sorted by hotkey, so that the order of uids changes nothing.
 */
export function minersOf(context: Pick<EpochContext, "participants" | "validator">): Hotkey[] {
  return context.participants
    .filter(({ hotkey }) => hotkey !== context.validator)
    .filter((participant) => !participant.validatorPermit || participant.ip !== undefined)
    .map(({ hotkey }) => hotkey)
    .sort();
}

/** Weights by uid from shares by hotkey. Who is not registered in this epoch is left out, and so is a share of 0. */
export function toUidWeights(
  participants: readonly Participant[],
  shares: ReadonlyMap<Hotkey, number>,
): { uid: number; weight: number }[] {
  return participants
    .map(({ uid, hotkey }) => ({ uid, weight: shares.get(hotkey) ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.uid - b.uid);
}
