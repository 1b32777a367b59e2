import { option, record } from "../types/composites.ts";
import { U32, U64 } from "../types/primitives.ts";
import { Weight } from "../types/substrate-types.ts";
import { named, type TypeNode, type ValueOf } from "../types/type-node.ts";
import { type CallInfo, weight } from "./dsl/calls.ts";

/*
 * How much fits into a block, as spec 424 has it: picoseconds of reference time, bytes of proof and of extrinsics.
 */

/** Added to each extrinsic, and part of its fee. */
export const BASE_EXTRINSIC = weight(108_157_000n);
const MAX_BLOCK = weight(4_000_000_000_000n, 2n ** 64n - 1n);

const limit = named("Option<Weight>", option(Weight));
const WeightsPerClass = record("frame_system::limits::WeightsPerClass", {
  base_extrinsic: Weight,
  max_extrinsic: limit,
  max_total: limit,
  reserved: limit,
});

export const BlockWeights = record("frame_system::limits::BlockWeights", {
  base_block: Weight,
  max_block: Weight,
  per_class: named("PerDispatchClass<WeightsPerClass>", perClass(WeightsPerClass)),
});
export const BlockLength = record("frame_system::limits::BlockLength", {
  max: named("PerDispatchClass<u32>", perClass(U32)),
});
export const DbWeight = record("sp_weights::RuntimeDbWeight", { read: U64, write: U64 });

export const BLOCK_WEIGHTS: ValueOf<typeof BlockWeights> = {
  base_block: weight(431_614_000n),
  max_block: MAX_BLOCK,
  per_class: {
    normal: {
      base_extrinsic: BASE_EXTRINSIC,
      max_extrinsic: weight(2_599_891_843_000n, 11_990_383_647_911_208_550n),
      max_total: weight(3_000_000_000_000n, 13_835_058_055_282_163_711n),
      reserved: weight(0n),
    },
    operational: {
      base_extrinsic: BASE_EXTRINSIC,
      max_extrinsic: weight(3_599_891_843_000n, 16_602_069_666_338_596_454n),
      max_total: MAX_BLOCK,
      reserved: weight(1_000_000_000_000n, 4_611_686_018_427_387_904n),
    },
    mandatory: {
      base_extrinsic: BASE_EXTRINSIC,
      max_extrinsic: undefined,
      max_total: undefined,
      reserved: undefined,
    },
  },
};

export const BLOCK_LENGTH: ValueOf<typeof BlockLength> = {
  max: { normal: 7_864_320, operational: 10_485_760, mandatory: 10_485_760 },
};

export const DB_WEIGHT: ValueOf<typeof DbWeight> = { read: 25_000_000n, write: 100_000_000n };

/** What a block has used so far. */
export type BlockUsage = { weight: Record<ClassKey, Weight>; bytes: number };
type ClassKey = "normal" | "operational" | "mandatory";

export function emptyUsage(): BlockUsage {
  return {
    weight: { normal: weight(0n), operational: weight(0n), mandatory: BLOCK_WEIGHTS.base_block },
    bytes: 0,
  };
}

function classKey(kind: CallInfo["class"]): ClassKey {
  return kind === "Normal" ? "normal" : kind === "Operational" ? "operational" : "mandatory";
}

/** Could this extrinsic be in any block? */
export function fitsAlone({ weight: cost, class: kind }: CallInfo, bytes: number): boolean {
  const { max_extrinsic } = BLOCK_WEIGHTS.per_class[classKey(kind)];
  return (
    (max_extrinsic === undefined || within(cost, max_extrinsic)) && bytes <= BLOCK_LENGTH.max[classKey(kind)]
  );
}

/** Add an extrinsic to what the block has used. @returns undefined when it does not fit any more */
export function addToBlock(
  used: BlockUsage,
  { weight: cost, class: kind }: CallInfo,
  bytes: number,
): BlockUsage | undefined {
  const key = classKey(kind);
  const total = plus(used.weight[key], plus(cost, BASE_EXTRINSIC));
  const weights = { ...used.weight, [key]: total };
  const { max_total, reserved } = BLOCK_WEIGHTS.per_class[key];
  const all = plus(plus(weights.normal, weights.operational), weights.mandatory);
  const inClass = max_total === undefined || within(total, max_total);
  const inBlock = within(all, MAX_BLOCK) || reserved === undefined || within(total, reserved);
  const length = used.bytes + bytes;
  return inClass && inBlock && length <= BLOCK_LENGTH.max[key]
    ? { weight: weights, bytes: length }
    : undefined;
}

export function perClass<T>(of: TypeNode<T>) {
  const field = named("T", of);
  const path = "frame_support::dispatch::PerDispatchClass";
  return record(path, { normal: field, operational: field, mandatory: field }, { T: of });
}

function plus(a: Weight, b: Weight): Weight {
  return { ref_time: a.ref_time + b.ref_time, proof_size: a.proof_size + b.proof_size };
}

function within(a: Weight, max: Weight): boolean {
  return a.ref_time <= max.ref_time && a.proof_size <= max.proof_size;
}
