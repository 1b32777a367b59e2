import type { Rao } from "../../shared/types.ts";
import type { Weight } from "../types/substrate-types.ts";
import type { CallInfo } from "./dsl/calls.ts";
import { BASE_EXTRINSIC } from "./limits.ts";

/** Rao per byte of an extrinsic. */
const RAO_PER_BYTE = 1n;

/** 0.0005 rao per picosecond of weight, as parts of a billion. */
const WEIGHT_FEE_PARTS = 500_000n;
const BILLION = 1_000_000_000n;

/** What an extrinsic costs besides its tip, rao. The multiplier of this chain is always 1. */
export type InclusionFee = { base_fee: Rao; len_fee: Rao; adjusted_weight_fee: Rao };

/** @returns undefined for a call that pays no fee: then only a tip is taken */
export function inclusionFee(info: CallInfo, length: number): InclusionFee | undefined {
  if (info.pays === "No") return undefined;
  return {
    base_fee: weightToFee(BASE_EXTRINSIC),
    len_fee: lengthToFee(length),
    adjusted_weight_fee: weightToFee(info.weight),
  };
}

export function totalFee(fee: InclusionFee | undefined, tip: Rao): Rao {
  return fee === undefined ? tip : fee.base_fee + fee.len_fee + fee.adjusted_weight_fee + tip;
}

/** Rounds to the nearest rao, halves down, as `Perbill` does. */
export function weightToFee({ ref_time }: Weight): Rao {
  const product = ref_time * WEIGHT_FEE_PARTS;
  const whole = product / BILLION;
  return product % BILLION > BILLION / 2n ? whole + 1n : whole;
}

export function lengthToFee(bytes: number): Rao {
  return BigInt(bytes) * RAO_PER_BYTE;
}
