import { addU64, I96F32 } from "./fixed.ts";

/**
 * Claimable alpha per rao of root stake that a dividend adds, I96F32.
 *
 * @returns undefined when the dividend exceeds the root stake: then it is staked for the hotkey's owner.
 */
export function claimRate(amount: bigint, rootStake: bigint): bigint | undefined {
  if (amount > rootStake) return undefined;
  return I96F32.safeDiv(I96F32.fromInteger(amount), I96F32.fromInteger(rootStake));
}

/** What a coldkey may still claim, I96F32; negative when it moved stake. */
export function owedToRoot(rate: bigint, coldkeyRootStake: bigint, claimed: bigint): bigint {
  return I96F32.sub(I96F32.mul(rate, I96F32.fromInteger(coldkeyRootStake)), I96F32.fromInteger(claimed));
}

/**
 * Coldkeys whose claims run by themselves in a block, ascending.
 *
 * @param parentHash - 32 bytes. @param k - Draws. @param n - Number of coldkeys.
 */
export function pickRootClaims(parentHash: Uint8Array, k: number, n: number): number[] {
  if (n === 0) return [];
  const view = new DataView(parentHash.buffer, parentHash.byteOffset, parentHash.byteLength);
  let last = view.getBigUint64(0);
  const picks = new Set<number>();
  for (let i = 0; i < k; i++) {
    last = addU64(last, view.getBigUint64((8 * i) % 32)) % BigInt(n);
    picks.add(Number(last));
  }
  return [...picks].sort((a, b) => a - b);
}
