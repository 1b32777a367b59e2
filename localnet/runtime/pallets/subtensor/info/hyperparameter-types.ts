import { enumeration, record, variant } from "../../../../types/composites.ts";
import { I32F32, U64F64 } from "../../../../types/fixed-point.ts";
import {
  Bool,
  Bytes,
  CompactU16,
  CompactU32,
  CompactU64,
  CompactU128,
} from "../../../../types/primitives.ts";
import { named, type ValueOf } from "../../../../types/type-node.ts";
import { C16, C64, CompactTao } from "./info-fields.ts";

const FIRST_RULES = {
  rho: C16,
  kappa: C16,
  immunity_period: C16,
  min_allowed_weights: C16,
  max_weights_limit: C16,
  tempo: C16,
  min_difficulty: C64,
  max_difficulty: C64,
  weights_version: C64,
  weights_rate_limit: C64,
  adjustment_interval: C16,
  activity_cutoff: C64,
  registration_allowed: Bool,
  target_regs_per_interval: C16,
  min_burn: CompactTao,
  max_burn: CompactTao,
  bonds_moving_avg: C64,
  max_regs_per_block: C16,
  serving_rate_limit: C64,
  max_validators: C16,
  adjustment_alpha: C64,
  difficulty: C64,
  commit_reveal_period: C64,
  commit_reveal_weights_enabled: Bool,
  alpha_high: C16,
  alpha_low: C16,
  liquid_alpha_enabled: Bool,
};

export const SubnetHyperparams = record(
  "pallet_subtensor::rpc_info::subnet_info::SubnetHyperparams",
  FIRST_RULES,
);
export type SubnetHyperparams = ValueOf<typeof SubnetHyperparams>;

export const SubnetHyperparamsV2 = record("pallet_subtensor::rpc_info::subnet_info::SubnetHyperparamsV2", {
  ...FIRST_RULES,
  alpha_sigmoid_steepness: I32F32,
  yuma_version: C16,
  subnet_is_active: Bool,
  transfers_enabled: Bool,
  bonds_reset_enabled: Bool,
  user_liquidity_enabled: Bool,
});
export type SubnetHyperparamsV2 = ValueOf<typeof SubnetHyperparamsV2>;

/** A rule as a name and a value of one of these types, so that new rules need no new struct. */
export const HyperparamValue = enumeration("pallet_subtensor::rpc_info::subnet_info::HyperparamValue", {
  Bool: variant(0, [Bool]),
  U16: variant(1, [named("Compact<u16>", CompactU16)]),
  U32: variant(2, [named("Compact<u32>", CompactU32)]),
  U64: variant(3, [named("Compact<u64>", CompactU64)]),
  U128: variant(4, [named("Compact<u128>", CompactU128)]),
  TaoBalance: variant(5, [named("Compact<TaoBalance>", CompactU64)]),
  I32F32: variant(6, [I32F32]),
  U64F64: variant(7, [U64F64]),
});
export type HyperparamValue = ValueOf<typeof HyperparamValue>;

export const HyperparamEntry = record("pallet_subtensor::rpc_info::subnet_info::HyperparamEntry", {
  name: Bytes,
  value: HyperparamValue,
});
export type HyperparamEntry = ValueOf<typeof HyperparamEntry>;
