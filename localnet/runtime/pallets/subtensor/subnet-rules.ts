import type { Netuid } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import { I32F32 } from "../../consensus/fixed.ts";
import { activityCutoffBlocks } from "../../consensus/schedule.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import type { SubnetHyperparamsV2 } from "./info-types.ts";
import { Networks } from "./network-storage.ts";

/** The chain has no limit of a single weight any more; it still answers with all of a u16. */
const MAX_WEIGHTS_LIMIT = 65_535;

/** Parameters of a subnet that metagraph and hyperparameters both tell. */
export function subnetRules(s: Reader, netuid: Netuid) {
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

export function subnetHyperparams(s: Reader, netuid: Netuid): SubnetHyperparamsV2 {
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
