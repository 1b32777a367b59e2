import { U64F64 } from "../../../types/fixed-point.ts";
import { Bool, U16, U64 } from "../../../types/primitives.ts";
import { named } from "../../../types/type-node.ts";
import { U64F64 as U64F64Number } from "../../consensus/fixed.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { Networks } from "../subtensor/network-storage.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { ROOT, errors as subtensorErrors } from "../subtensor/subtensor-id.ts";
import { NetUid, RecycleOrBurn, TaoBalance } from "../subtensor/subtensor-types.ts";
import { adminEvents } from "./admin-events.ts";
import { adminErrors, subnetSetter } from "./setter.ts";

/** A coin, and a tenth of it, rao: bounds of the bounds of the registration price. */
const MIN_BURN_UPPER_BOUND = 1_000_000_000n;
const MAX_BURN_LOWER_BOUND = 100_000_000n;
/** Most uids a subnet may have. */
const MAX_UIDS = 256;
/** Blocks. */
const MAX_BURN_HALF_LIFE = 36_100;
const MAX_BURN_MULTIPLIER = U64F64Number.fromInteger(3n);
const MAX_IMMUNE_OWNER_UIDS = 10;

const h = Hyperparameters;

/** Who may be in a subnet, at what price, and what its owner gets: for the owner, and root. */
export const membershipSetters = {
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
