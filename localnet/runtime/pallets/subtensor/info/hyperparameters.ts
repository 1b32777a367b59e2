import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { I32F32 } from "../../../consensus/fixed.ts";
import { activityCutoffBlocks } from "../../../consensus/schedule.ts";
import { Hyperparameters } from "../hyperparameter-storage.ts";
import { Locks } from "../lock-storage.ts";
import { Networks } from "../network-storage.ts";
import type {
  HyperparamEntry,
  HyperparamValue,
  SubnetHyperparams,
  SubnetHyperparamsV2,
} from "./hyperparameter-types.ts";

/** The chain has no limit of a single weight any more; it still answers with all of a u16. */
const MAX_WEIGHTS_LIMIT = 65_535;

/** Parameters of a subnet that metagraph and hyperparameters both tell. */
export function subnetRules(s: Reader, netuid: Netuid): SubnetHyperparams {
  const h = Hyperparameters;
  const [alpha_low, alpha_high] = h.AlphaValues.get(s, netuid);
  const tempo = h.Tempo.get(s, netuid);
  const cutoff = activityCutoffBlocks(h.ActivityCutoffFactorMilli.get(s, netuid), tempo);
  return {
    rho: h.Rho.get(s, netuid),
    kappa: h.Kappa.get(s, netuid),
    immunity_period: h.ImmunityPeriod.get(s, netuid),
    min_allowed_weights: h.MinAllowedWeights.get(s, netuid),
    max_weights_limit: MAX_WEIGHTS_LIMIT,
    tempo,
    min_difficulty: h.MinDifficulty.get(s, netuid),
    max_difficulty: h.MaxDifficulty.get(s, netuid),
    weights_version: h.WeightsVersionKey.get(s, netuid),
    weights_rate_limit: h.WeightsSetRateLimit.get(s, netuid),
    adjustment_interval: h.AdjustmentInterval.get(s, netuid),
    activity_cutoff: BigInt(cutoff),
    registration_allowed: Networks.NetworkRegistrationAllowed.get(s, netuid),
    target_regs_per_interval: h.TargetRegistrationsPerInterval.get(s, netuid),
    min_burn: Networks.MinBurn.get(s, netuid),
    max_burn: Networks.MaxBurn.get(s, netuid),
    bonds_moving_avg: h.BondsMovingAverage.get(s, netuid),
    max_regs_per_block: h.MaxRegistrationsPerBlock.get(s, netuid),
    serving_rate_limit: h.ServingRateLimit.get(s, netuid),
    max_validators: h.MaxAllowedValidators.get(s, netuid),
    adjustment_alpha: h.AdjustmentAlpha.get(s, netuid),
    difficulty: h.Difficulty.get(s, netuid),
    commit_reveal_period: h.RevealPeriodEpochs.get(s, netuid),
    commit_reveal_weights_enabled: h.CommitRevealWeightsEnabled.get(s, netuid),
    alpha_high,
    alpha_low,
    liquid_alpha_enabled: h.LiquidAlphaOn.get(s, netuid),
  };
}

/** The rules with what came later. */
export function subnetHyperparamsV2(s: Reader, netuid: Netuid): SubnetHyperparamsV2 {
  const h = Hyperparameters;
  return {
    ...subnetRules(s, netuid),
    alpha_sigmoid_steepness: I32F32.fromInteger(BigInt(h.AlphaSigmoidSteepness.get(s, netuid))),
    yuma_version: h.Yuma3On.get(s, netuid) ? 3 : 2,
    subnet_is_active: Networks.SubtokenEnabled.get(s, netuid),
    transfers_enabled: h.TransferToggle.get(s, netuid),
    bonds_reset_enabled: h.BondsResetOn.get(s, netuid),
    user_liquidity_enabled: false,
  };
}

/** Without what has no effect any more, and with what the structs have no field for. */
export function subnetHyperparamsV3(s: Reader, netuid: Netuid): HyperparamEntry[] {
  const rules = subnetHyperparamsV2(s, netuid);
  const h = Hyperparameters;
  const values: Record<string, HyperparamValue> = {
    kappa: u16(rules.kappa),
    immunity_period: u16(rules.immunity_period),
    min_allowed_weights: u16(rules.min_allowed_weights),
    max_weights_limit: u16(rules.max_weights_limit),
    tempo: u16(rules.tempo),
    weights_version: u64(rules.weights_version),
    weights_rate_limit: u64(rules.weights_rate_limit),
    activity_cutoff: u64(rules.activity_cutoff),
    activity_cutoff_factor: { type: "U32", value: h.ActivityCutoffFactorMilli.get(s, netuid) },
    registration_allowed: bool(rules.registration_allowed),
    target_regs_per_interval: u16(rules.target_regs_per_interval),
    min_burn: tao(rules.min_burn),
    max_burn: tao(rules.max_burn),
    burn_half_life: u16(Networks.BurnHalfLife.get(s, netuid)),
    burn_increase_mult: { type: "U64F64", value: Networks.BurnIncreaseMult.get(s, netuid) },
    bonds_moving_avg: u64(rules.bonds_moving_avg),
    max_regs_per_block: u16(rules.max_regs_per_block),
    serving_rate_limit: u64(rules.serving_rate_limit),
    max_validators: u16(rules.max_validators),
    commit_reveal_period: u64(rules.commit_reveal_period),
    commit_reveal_weights_enabled: bool(rules.commit_reveal_weights_enabled),
    alpha_high: u16(rules.alpha_high),
    alpha_low: u16(rules.alpha_low),
    liquid_alpha_enabled: bool(rules.liquid_alpha_enabled),
    alpha_sigmoid_steepness: { type: "I32F32", value: rules.alpha_sigmoid_steepness },
    yuma_version: u16(rules.yuma_version),
    subnet_is_active: bool(rules.subnet_is_active),
    transfers_enabled: bool(rules.transfers_enabled),
    bonds_reset_enabled: bool(rules.bonds_reset_enabled),
    user_liquidity_enabled: bool(rules.user_liquidity_enabled),
    owner_cut_enabled: bool(h.OwnerCutEnabled.get(s, netuid)),
    owner_cut_auto_lock_enabled: bool(Locks.OwnerCutAutoLockEnabled.get(s, netuid)),
    min_childkey_take: u16(Math.max(h.MinChildkeyTake.get(s), h.MinChildkeyTakePerSubnet.get(s, netuid))),
  };
  return Object.entries(values).map(([name, value]) => ({ name: new TextEncoder().encode(name), value }));
}

const bool = (value: boolean): HyperparamValue => ({ type: "Bool", value });
const u16 = (value: number): HyperparamValue => ({ type: "U16", value });
const u64 = (value: bigint): HyperparamValue => ({ type: "U64", value });
const tao = (value: bigint): HyperparamValue => ({ type: "TaoBalance", value });
