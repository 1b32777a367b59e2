import { Bool, I16, U16, U64 } from "../../../types/primitives.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { errors as subtensorErrors } from "../subtensor/subtensor-id.ts";
import { NetUid } from "../subtensor/subtensor-types.ts";
import { adminEvents } from "./admin-events.ts";
import { adminErrors, isRoot, subnetSetter } from "./setter.ts";

/** Millionths: an owner may not make bonds slower than this. */
const OWNER_MAX_BONDS_MOVING_AVERAGE = 975_000n;
/** Smallest end of liquid alpha, of 65535. */
const MIN_ALPHA = 1638;
/** Epochs. */
const MAX_REVEAL_PERIOD = 100n;
/** Blocks. */
const MIN_ACTIVITY_CUTOFF = 360;

const h = Hyperparameters;

/** How weights become incentive and bonds: for the owner of a subnet, and root. */
export const scoringSetters = {
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
  sudo_set_commit_reveal_weights_interval: subnetSetter({
    index: 57,
    args: { netuid: NetUid, interval: U64 },
    weight: [259_654_000n, 4_383n],
    owner: "WeightCommitInterval",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, interval }) {
      ensure(interval <= MAX_REVEAL_PERIOD, subtensorErrors.is.RevealPeriodTooLarge);
      ensure(interval >= 1n, subtensorErrors.is.RevealPeriodTooSmall);
      h.RevealPeriodEpochs.put(store, netuid, interval);
      deposit(events.make.CommitRevealPeriodsSet([netuid, interval]));
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
};
