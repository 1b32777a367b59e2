import { Bool, U8, U16, U64 } from "../../../types/primitives.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { Networks } from "../subtensor/network-storage.ts";
import { Stakes } from "../subtensor/stake-storage.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { ROOT } from "../subtensor/subtensor-id.ts";
import { NetUid, TaoBalance } from "../subtensor/subtensor-types.ts";
import { adminEvents } from "./admin-events.ts";
import { adminErrors, globalSetter, subnetSetter } from "./setter.ts";

const h = Hyperparameters;

/** What only root may set: for one subnet, then for the whole chain. */
export const rootSetters = {
  sudo_set_weights_set_rate_limit: subnetSetter({
    index: 7,
    args: { netuid: NetUid, weights_set_rate_limit: U64 },
    weight: [141_420_000n, 4_084n],
    exists: true,
    run({ store, deposit }, { netuid, weights_set_rate_limit }) {
      h.WeightsSetRateLimit.put(store, netuid, weights_set_rate_limit);
      deposit(events.make.WeightsSetRateLimitSet([netuid, weights_set_rate_limit]));
    },
  }),
  sudo_set_kappa: subnetSetter({
    index: 16,
    args: { netuid: NetUid, kappa: U16 },
    weight: [141_301_000n, 4_084n],
    exists: true,
    run({ store, deposit }, { netuid, kappa }) {
      h.Kappa.put(store, netuid, kappa);
      deposit(events.make.KappaSet([netuid, kappa]));
    },
  }),
  sudo_set_network_registration_allowed: subnetSetter({
    index: 19,
    args: { netuid: NetUid, registration_allowed: Bool },
    weight: [107_113_000n],
    run({ store, deposit }, { netuid, registration_allowed }) {
      Networks.NetworkRegistrationAllowed.put(store, netuid, registration_allowed);
      deposit(events.make.RegistrationAllowed([netuid, registration_allowed]));
    },
  }),
  sudo_set_max_allowed_validators: subnetSetter({
    index: 25,
    args: { netuid: NetUid, max_allowed_validators: U16 },
    weight: [285_896_000n, 4_383n],
    window: true,
    exists: true,
    run({ store: s, deposit }, { netuid, max_allowed_validators: max }) {
      ensure(max <= h.MaxAllowedUids.get(s, netuid), adminErrors.is.MaxValidatorsLargerThanMaxUIds);
      h.MaxAllowedValidators.put(s, netuid, max);
      deposit(events.make.MaxAllowedValidatorsSet([netuid, max]));
    },
  }),
  sudo_set_tempo: subnetSetter({
    index: 30,
    args: { netuid: NetUid, tempo: U16 },
    weight: [361_298_000n, 4_383n],
    window: true,
    exists: true,
    run({ store, block, deposit }, { netuid, tempo }) {
      h.Tempo.put(store, netuid, tempo);
      h.LastEpochBlock.put(store, netuid, BigInt(block)); // the period begins anew
      deposit(events.make.TempoSet([netuid, tempo]));
    },
  }),
  sudo_set_subtoken_enabled: subnetSetter({
    index: 66,
    args: { netuid: NetUid, subtoken_enabled: Bool },
    weight: [225_467_000n, 4_280n],
    window: true,
    run({ store }, { netuid, subtoken_enabled }) {
      Networks.SubtokenEnabled.put(store, netuid, subtoken_enabled);
    },
  }),
  sudo_set_min_allowed_uids: subnetSetter({
    index: 79,
    args: { netuid: NetUid, min_allowed_uids: U16 },
    weight: [312_890_000n, 4_383n],
    window: true,
    exists: true,
    run({ store: s, deposit }, { netuid, min_allowed_uids: min }) {
      const max = h.MaxAllowedUids.get(s, netuid);
      ensure(min < max, adminErrors.is.MinAllowedUidsGreaterThanMaxAllowedUids);
      const n = Networks.SubnetworkN.get(s, netuid);
      ensure(min < n, adminErrors.is.MinAllowedUidsGreaterThanCurrentUids);
      h.MinAllowedUids.put(s, netuid, min);
      deposit(events.make.MinAllowedUidsSet([netuid, min]));
    },
  }),
  sudo_set_subnet_emission_enabled: subnetSetter({
    index: 94,
    args: { netuid: NetUid, enabled: Bool },
    weight: [141_351_000n, 4_084n],
    exists: true,
    run({ store, deposit }, { netuid, enabled }) {
      ensure(netuid !== ROOT, adminErrors.is.NotPermittedOnRootSubnet);
      Networks.SubnetEmissionEnabled.put(store, netuid, enabled);
      deposit(adminEvents.make.SubnetEmissionEnabledSet({ netuid, enabled }));
    },
  }),
  sudo_set_commit_reveal_version: globalSetter({
    index: 71,
    args: { version: U16 },
    weight: [106_052_000n],
    run({ store, deposit }, { version }) {
      h.CommitRevealWeightsVersion.put(store, version);
      deposit(events.make.CommitRevealVersionSet(version));
    },
  }),
  sudo_set_min_non_immune_uids: globalSetter({
    index: 84,
    args: { netuid: NetUid, min: U16 },
    weight: [106_783_000n],
    run({ store, deposit }, { netuid, min }) {
      h.MinNonImmuneUids.put(store, netuid, min);
      deposit(events.make.MinNonImmuneUidsSet([netuid, min]));
    },
  }),
  sudo_set_subnet_owner_cut: globalSetter({
    index: 28,
    args: { subnet_owner_cut: U16 },
    weight: [114_000_000n],
    run({ store, deposit }, { subnet_owner_cut }) {
      h.SubnetOwnerCut.put(store, subnet_owner_cut);
      deposit(events.make.SubnetOwnerCutSet(subnet_owner_cut));
    },
  }),
  sudo_set_network_rate_limit: globalSetter({
    index: 29,
    args: { rate_limit: U64 },
    weight: [114_000_000n],
    run({ store, deposit }, { rate_limit }) {
      Networks.NetworkRateLimit.put(store, rate_limit);
      deposit(events.make.NetworkRateLimitSet(rate_limit));
    },
  }),
  sudo_set_network_min_lock_cost: globalSetter({
    index: 36,
    args: { lock_cost: TaoBalance },
    weight: [114_000_000n],
    run({ store, deposit }, { lock_cost }) {
      Networks.NetworkMinLockCost.put(store, lock_cost);
      deposit(events.make.NetworkMinLockCostSet(lock_cost));
    },
  }),
  sudo_set_lock_reduction_interval: globalSetter({
    index: 38,
    args: { interval: U64 },
    weight: [114_000_000n],
    run({ store, deposit }, { interval }) {
      Networks.NetworkLockReductionInterval.put(store, interval);
      deposit(events.make.NetworkLockCostReductionIntervalSet(interval));
    },
  }),
  sudo_set_stake_threshold: globalSetter({
    index: 42,
    args: { min_stake: U64 },
    weight: [105_500_000n],
    run({ store, deposit }, { min_stake }) {
      h.StakeThreshold.put(store, min_stake);
      deposit(events.make.StakeThresholdSet(min_stake));
    },
  }),
  sudo_set_admin_freeze_window: globalSetter({
    index: 74,
    args: { window: U16 },
    weight: [105_450_000n],
    run({ store, deposit }, { window }) {
      h.AdminFreezeWindow.put(store, window);
      deposit(events.make.AdminFreezeWindowSet(window));
    },
  }),
  sudo_set_owner_hparam_rate_limit: globalSetter({
    index: 75,
    args: { epochs: U16 },
    weight: [105_471_000n],
    run({ store, deposit }, { epochs }) {
      h.OwnerHyperparamRateLimit.put(store, epochs);
      deposit(events.make.OwnerHyperparamRateLimitSet(epochs));
    },
  }),
  sudo_set_start_call_delay: globalSetter({
    index: 85,
    args: { delay: U64 },
    weight: [114_000_000n],
    run({ store, deposit }, { delay }) {
      Networks.StartCallDelay.put(store, delay);
      deposit(events.make.StartCallDelaySet(delay));
    },
  }),
  sudo_set_ema_price_halving_period: globalSetter({
    index: 65,
    args: { netuid: NetUid, ema_halving: U64 },
    weight: [104_198_000n],
    run({ store }, { netuid, ema_halving }) {
      Stakes.EMAPriceHalvingBlocks.put(store, netuid, ema_halving);
    },
  }),
  sudo_set_max_epochs_per_block: globalSetter({
    index: 96,
    args: { max_epochs_per_block: U8 },
    weight: [105_530_000n],
    run({ store, deposit }, { max_epochs_per_block: max }) {
      ensure(max >= 1, adminErrors.is.ValueNotInBounds);
      h.MaxEpochsPerBlock.put(store, max);
      deposit(events.make.MaxEpochsPerBlockSet(max));
    },
  }),
};
