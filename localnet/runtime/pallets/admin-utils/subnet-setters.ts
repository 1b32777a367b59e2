import { variant } from "../../../types/composites.ts";
import { U64F64 } from "../../../types/fixed-point.ts";
import { Bool, I16, U16, U64 } from "../../../types/primitives.ts";
import { named } from "../../../types/type-node.ts";
import { U64F64 as U64F64Number } from "../../consensus/fixed.ts";
import { ensure } from "../../dsl/errors.ts";
import { eventsOf } from "../../dsl/events.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { Networks } from "../subtensor/network-storage.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { ROOT, errors as subtensorErrors } from "../subtensor/subtensor-id.ts";
import { NetUid, RecycleOrBurn, TaoBalance } from "../subtensor/subtensor-types.ts";
import { adminErrors, adminUtilsId, isRoot, subnetSetter } from "./setter.ts";

export const adminEvents = eventsOf(adminUtilsId, {
  Yuma3EnableToggled: variant(1, { netuid: NetUid, enabled: Bool }),
  BondsResetToggled: variant(2, { netuid: NetUid, enabled: Bool }),
  BurnHalfLifeSet: variant(3, { netuid: NetUid, burn_half_life: U16 }),
  BurnIncreaseMultSet: variant(4, { netuid: NetUid, burn_increase_mult: U64F64 }),
  SubnetEmissionEnabledSet: variant(5, { netuid: NetUid, enabled: Bool }),
});

/** A coin, and a tenth of it, rao: bounds of the bounds of the registration price. */
const MIN_BURN_UPPER_BOUND = 1_000_000_000n;
const MAX_BURN_LOWER_BOUND = 100_000_000n;
/** Most uids a subnet may have. */
const MAX_UIDS = 256;
/** Millionths: an owner may not make bonds slower than this. */
const OWNER_MAX_BONDS_MOVING_AVERAGE = 975_000n;
/** Smallest end of liquid alpha, of 65535. */
const MIN_ALPHA = 1638;
/** Blocks. */
const MAX_BURN_HALF_LIFE = 36_100;
const MAX_BURN_MULTIPLIER = U64F64Number.fromInteger(3n);
const MIN_ACTIVITY_CUTOFF = 360;
const MAX_IMMUNE_OWNER_UIDS = 10;

const h = Hyperparameters;

/** What the owner of a subnet may set, and root. */
export const ownerSetters = {
  sudo_set_serving_rate_limit: subnetSetter({
    index: 3,
    args: { netuid: NetUid, serving_rate_limit: U64 },
    weight: [228_633_000n, 4_212n],
    owner: "ServingRateLimit",
    window: true,
    run({ store, deposit }, { netuid, serving_rate_limit }) {
      h.ServingRateLimit.put(store, netuid, serving_rate_limit);
      deposit(events.make.ServingRateLimitSet([netuid, serving_rate_limit]));
    },
  }),
  sudo_set_weights_version_key: subnetSetter({
    index: 6,
    args: { netuid: NetUid, weights_version_key: U64 },
    weight: [259_204_000n, 4_383n],
    owner: "weights-version-key",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, weights_version_key }) {
      h.WeightsVersionKey.put(store, netuid, weights_version_key);
      deposit(events.make.WeightsVersionKeySet([netuid, weights_version_key]));
    },
  }),
  sudo_set_immunity_period: subnetSetter({
    index: 13,
    args: { netuid: NetUid, immunity_period: U16 },
    weight: [259_414_000n, 4_383n],
    owner: "ImmunityPeriod",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, immunity_period }) {
      h.ImmunityPeriod.put(store, netuid, immunity_period);
      deposit(events.make.ImmunityPeriodSet([netuid, immunity_period]));
    },
  }),
  sudo_set_min_allowed_weights: subnetSetter({
    index: 14,
    args: { netuid: NetUid, min_allowed_weights: U16 },
    weight: [259_664_000n, 4_383n],
    owner: "MinAllowedWeights",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, min_allowed_weights }) {
      h.MinAllowedWeights.put(store, netuid, min_allowed_weights);
      deposit(events.make.MinAllowedWeightSet([netuid, min_allowed_weights]));
    },
  }),
  sudo_set_max_allowed_uids: subnetSetter({
    index: 15,
    args: { netuid: NetUid, max_allowed_uids: U16 },
    weight: [343_381_000n, 4_433n],
    owner: "MaxAllowedUids",
    window: true,
    exists: true,
    run({ store: s, deposit }, { netuid, max_allowed_uids: max }) {
      ensure(max >= h.MinAllowedUids.get(s, netuid), adminErrors.is.MaxAllowedUidsLessThanMinAllowedUids);
      ensure(max >= Networks.SubnetworkN.get(s, netuid), adminErrors.is.MaxAllowedUIdsLessThanCurrentUIds);
      ensure(max <= MAX_UIDS, adminErrors.is.MaxAllowedUidsGreaterThanDefaultMaxAllowedUids);
      const mechanisms = h.MechanismCountCurrent.get(s, netuid);
      ensure(max * mechanisms <= MAX_UIDS, subtensorErrors.is.TooManyUIDsPerMechanism);
      h.MaxAllowedUids.put(s, netuid, max);
      deposit(events.make.MaxAllowedUidsSet([netuid, max]));
    },
  }),
  sudo_set_rho: subnetSetter({
    index: 17,
    args: { netuid: NetUid, rho: U16 },
    weight: [256_268_000n, 4_383n],
    owner: "Rho",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, rho }) {
      h.Rho.put(store, netuid, rho);
      deposit(events.make.RhoSet([netuid, rho]));
    },
  }),
  sudo_set_activity_cutoff: subnetSetter({
    index: 18,
    args: { netuid: NetUid, activity_cutoff: U16 },
    weight: [285_165_000n, 4_383n],
    owner: "ActivityCutoff",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, activity_cutoff }) {
      ensure(activity_cutoff >= MIN_ACTIVITY_CUTOFF, subtensorErrors.is.ActivityCutoffTooLow);
      h.ActivityCutoff.put(store, netuid, activity_cutoff);
      deposit(events.make.ActivityCutoffSet([netuid, activity_cutoff]));
    },
  }),
  sudo_set_min_burn: subnetSetter({
    index: 22,
    args: { netuid: NetUid, min_burn: TaoBalance },
    weight: [287_780_000n, 4_385n],
    owner: "MinBurn",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, min_burn }) {
      ensure(min_burn < MIN_BURN_UPPER_BOUND, adminErrors.is.ValueNotInBounds);
      ensure(min_burn < Networks.MaxBurn.get(store, netuid), adminErrors.is.ValueNotInBounds);
      Networks.MinBurn.put(store, netuid, min_burn);
      deposit(events.make.MinBurnSet([netuid, min_burn]));
    },
  }),
  sudo_set_max_burn: subnetSetter({
    index: 23,
    args: { netuid: NetUid, max_burn: TaoBalance },
    weight: [286_949_000n, 4_410n],
    owner: "MaxBurn",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, max_burn }) {
      ensure(max_burn > MAX_BURN_LOWER_BOUND, adminErrors.is.ValueNotInBounds);
      ensure(max_burn > Networks.MinBurn.get(store, netuid), adminErrors.is.ValueNotInBounds);
      Networks.MaxBurn.put(store, netuid, max_burn);
      deposit(events.make.MaxBurnSet([netuid, max_burn]));
    },
  }),
  sudo_set_bonds_moving_average: subnetSetter({
    index: 26,
    args: { netuid: NetUid, bonds_moving_average: U64 },
    weight: [259_495_000n, 4_383n],
    owner: "BondsMovingAverage",
    window: true,
    exists: true,
    run(c, { netuid, bonds_moving_average }) {
      const allowed = isRoot(c) || bonds_moving_average <= OWNER_MAX_BONDS_MOVING_AVERAGE;
      ensure(allowed, adminErrors.is.BondsMovingAverageMaxReached);
      h.BondsMovingAverage.put(c.store, netuid, bonds_moving_average);
      c.deposit(events.make.BondsMovingAverageSet([netuid, bonds_moving_average]));
    },
  }),
  sudo_set_bonds_penalty: subnetSetter({
    index: 60,
    args: { netuid: NetUid, bonds_penalty: U16 },
    weight: [259_354_000n, 4_383n],
    owner: "BondsPenalty",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, bonds_penalty }) {
      h.BondsPenalty.put(store, netuid, bonds_penalty);
      deposit(events.make.BondsPenaltySet([netuid, bonds_penalty]));
    },
  }),
  sudo_set_bonds_reset_enabled: subnetSetter({
    index: 70,
    args: { netuid: NetUid, enabled: Bool },
    weight: [230_507_000n, 4_280n],
    owner: "BondsResetEnabled",
    window: true,
    run({ store, deposit }, { netuid, enabled }) {
      h.BondsResetOn.put(store, netuid, enabled);
      deposit(adminEvents.make.BondsResetToggled({ netuid, enabled }));
    },
  }),
  sudo_set_commit_reveal_weights_enabled: subnetSetter({
    index: 49,
    args: { netuid: NetUid, enabled: Bool },
    weight: [259_544_000n, 4_383n],
    owner: "CommitRevealEnabled",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, enabled }) {
      h.CommitRevealWeightsEnabled.put(store, netuid, enabled);
      deposit(events.make.CommitRevealEnabled([netuid, enabled]));
    },
  }),
  sudo_set_liquid_alpha_enabled: subnetSetter({
    index: 50,
    args: { netuid: NetUid, enabled: Bool },
    weight: [225_538_000n, 4_280n],
    owner: "LiquidAlphaEnabled",
    window: true,
    run({ store }, { netuid, enabled }) {
      h.LiquidAlphaOn.put(store, netuid, enabled);
    },
  }),
  sudo_set_alpha_values: subnetSetter({
    index: 51,
    args: { netuid: NetUid, alpha_low: U16, alpha_high: U16 },
    weight: [259_224_000n, 4_427n],
    owner: "AlphaValues",
    window: true,
    run({ store }, { netuid, alpha_low, alpha_high }) {
      ensure(h.LiquidAlphaOn.get(store, netuid), subtensorErrors.is.LiquidAlphaDisabled);
      ensure(alpha_high >= MIN_ALPHA, subtensorErrors.is.AlphaHighTooLow);
      ensure(alpha_low >= MIN_ALPHA && alpha_low <= alpha_high, subtensorErrors.is.AlphaLowOutOfRange);
      h.AlphaValues.put(store, netuid, [alpha_low, alpha_high]);
    },
  }),
  sudo_set_alpha_sigmoid_steepness: subnetSetter({
    index: 68,
    args: { netuid: NetUid, steepness: I16 },
    weight: [256_438_000n, 4_383n],
    owner: "AlphaSigmoidSteepness",
    window: true,
    exists: true,
    run(c, { netuid, steepness }) {
      ensure(isRoot(c) || steepness >= 0, adminErrors.is.NegativeSigmoidSteepness);
      h.AlphaSigmoidSteepness.put(c.store, netuid, steepness);
      c.deposit(events.make.AlphaSigmoidSteepnessSet([netuid, steepness]));
    },
  }),
  sudo_set_yuma3_enabled: subnetSetter({
    index: 69,
    args: { netuid: NetUid, enabled: Bool },
    weight: [228_583_000n, 4_280n],
    owner: "Yuma3Enabled",
    window: true,
    run({ store, deposit }, { netuid, enabled }) {
      h.Yuma3On.put(store, netuid, enabled);
      deposit(adminEvents.make.Yuma3EnableToggled({ netuid, enabled }));
    },
  }),
  sudo_set_owner_immune_neuron_limit: subnetSetter({
    index: 72,
    args: { netuid: NetUid, immune_neurons: U16 },
    weight: [225_107_000n, 4_280n],
    owner: "ImmuneNeuronLimit",
    window: true,
    run({ store }, { netuid, immune_neurons: limit }) {
      ensure(limit >= 1 && limit <= MAX_IMMUNE_OWNER_UIDS, subtensorErrors.is.InvalidValue);
      h.ImmuneOwnerUidsLimit.put(store, netuid, limit);
    },
  }),
  sudo_set_recycle_or_burn: subnetSetter({
    index: 80,
    args: {
      netuid: NetUid,
      recycle_or_burn: named("pallet_subtensor::RecycleOrBurnEnum", RecycleOrBurn),
    },
    weight: [270_000_000n],
    owner: "RecycleOrBurn",
    window: true,
    run({ store }, { netuid, recycle_or_burn }) {
      h.RecycleOrBurn.put(store, netuid, recycle_or_burn);
    },
  }),
  sudo_set_burn_half_life: subnetSetter({
    index: 89,
    args: { netuid: NetUid, burn_half_life: U16 },
    weight: [225_000_000n],
    class: "Operational",
    owner: "BurnHalfLife",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, burn_half_life: blocks }) {
      ensure(netuid !== ROOT, adminErrors.is.NotPermittedOnRootSubnet);
      ensure(blocks >= 1 && blocks <= MAX_BURN_HALF_LIFE, adminErrors.is.InvalidValue);
      Networks.BurnHalfLife.put(store, netuid, blocks);
      deposit(adminEvents.make.BurnHalfLifeSet({ netuid, burn_half_life: blocks }));
    },
  }),
  sudo_set_burn_increase_mult: subnetSetter({
    index: 90,
    args: { netuid: NetUid, burn_increase_mult: U64F64 },
    weight: [225_000_000n],
    class: "Operational",
    owner: "BurnIncreaseMult",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, burn_increase_mult: multiplier }) {
      ensure(netuid !== ROOT, adminErrors.is.NotPermittedOnRootSubnet);
      const inBounds = multiplier >= U64F64Number.one && multiplier <= MAX_BURN_MULTIPLIER;
      ensure(inBounds, adminErrors.is.InvalidValue);
      Networks.BurnIncreaseMult.put(store, netuid, multiplier);
      deposit(adminEvents.make.BurnIncreaseMultSet({ netuid, burn_increase_mult: multiplier }));
    },
  }),
  sudo_set_owner_cut_enabled: subnetSetter({
    index: 92,
    args: { netuid: NetUid, enabled: Bool },
    weight: [225_000_000n],
    class: "Operational",
    owner: "unlimited",
    window: true,
    exists: true,
    run({ store }, { netuid, enabled }) {
      ensure(netuid !== ROOT, adminErrors.is.NotPermittedOnRootSubnet);
      h.OwnerCutEnabled.put(store, netuid, enabled);
    },
  }),
};
