import type { EpochResult } from "./epoch-columns.ts";
import { addU64, U16_MAX, U64F64 } from "./fixed.ts";

/**
 * Parts of a subnet's emission for its mechanisms, rao.
 *
 * @param split - Stored u16 shares that sum to 65535, undefined for equal parts. Missing entries get nothing.
 * @returns `count` amounts; the first also gets what rounding leaves.
 */
export function splitEmission(count: number, split: readonly number[] | undefined, amount: bigint): bigint[] {
  const parts = Array.from({ length: count }, (_, k) =>
    split === undefined ? amount / BigInt(count) : (amount * BigInt(split[k] ?? 0)) / U16_MAX,
  );
  const rest = amount - parts.reduce((sum, part) => sum + part, 0n);
  if (parts.length > 0) parts[0]! += rest;
  return parts;
}

/** The subnet's vectors: those of an epoch without the bonds and the incentive, which each mechanism keeps. */
export type FoldedEpoch = Omit<EpochResult, "bonds" | "incentive">;

/**
 * Results of all mechanisms of a subnet as one. Amounts paid out are sums; what describes a neuron is weighted by the
 * emission of its mechanism and floored after each one.
 *
 * @param results - In the order of the mechanisms, with the part of `emission` each had to distribute.
 */
export function foldMechanisms(
  results: readonly { part: bigint; result: EpochResult }[],
  emission: bigint,
): FoldedEpoch {
  const n = results[0]?.result.active.length ?? 0;
  const folded: FoldedEpoch = {
    dividends: new Uint16Array(n),
    consensus: new Uint16Array(n),
    validatorTrust: new Uint16Array(n),
    stakeWeight: new Uint16Array(n),
    serverEmission: new BigUint64Array(n),
    validatorEmission: new BigUint64Array(n),
    emission: new BigUint64Array(n),
    stake: new BigUint64Array(n),
    active: new Uint8Array(n),
    newPermits: new Uint8Array(n),
  };

  results.forEach(({ part, result }, mechanism) => {
    const weight = weightOf(part, emission, mechanism);
    for (const key of ["serverEmission", "validatorEmission", "stake"] as const) {
      for (let i = 0; i < n; i++) folded[key][i] = addU64(folded[key][i]!, result[key][i]!);
    }
    for (const key of ["dividends", "consensus", "validatorTrust", "stakeWeight"] as const) {
      for (let i = 0; i < n; i++) {
        const sum = weighted(BigInt(folded[key][i]!), BigInt(result[key][i]!), weight, 16);
        folded[key][i] = Number(sum);
      }
    }
    for (let i = 0; i < n; i++) {
      folded.emission[i] = weighted(folded.emission[i]!, result.emission[i]!, weight, 64);
      folded.active[i]! |= result.active[i]!;
      folded.newPermits[i]! |= result.newPermits[i]!;
    }
  });
  return folded;
}

function weightOf(part: bigint, emission: bigint, mechanism: number): bigint {
  if (emission === 0n) return mechanism === 0 ? U64F64.one : 0n;
  return U64F64.safeDiv(U64F64.fromInteger(part), U64F64.fromInteger(emission));
}

function weighted(sum: bigint, value: bigint, weight: bigint, bits: number): bigint {
  const product = U64F64.mul(U64F64.fromInteger(value), weight);
  return U64F64.toUnsigned(U64F64.add(U64F64.fromInteger(sum), product), bits);
}
