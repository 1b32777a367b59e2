import { U64_MAX, U96F32 } from "./fixed.ts";

/** A stored u64, such as the weight of root stake or a share of a child, as a share of 2^64 - 1: U96F32. */
export function fromU64Share(stored: bigint): bigint {
  return U96F32.safeDiv(U96F32.fromInteger(stored), U96F32.fromInteger(U64_MAX));
}
