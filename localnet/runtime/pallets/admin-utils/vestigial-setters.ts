import { Bool, U16, U64 } from "../../../types/primitives.ts";
import { call, weight } from "../../dsl/calls.ts";
import { fail } from "../../dsl/errors.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { Networks } from "../subtensor/network-storage.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { NetUid, TaoBalance } from "../subtensor/subtensor-types.ts";
import { adminErrors, subnetSetter } from "./setter.ts";

const h = Hyperparameters;

/** Parameters that mean little or nothing since registration is no longer by work, and calls that always fail. */
export const vestigialSetters = {
  sudo_set_min_difficulty: subnetSetter({
    index: 4,
    args: { netuid: NetUid, min_difficulty: U64 },
    weight: [259_554_000n, 4_383n],
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, min_difficulty }) {
      h.MinDifficulty.put(store, netuid, min_difficulty);
      deposit(events.make.MinDifficultySet([netuid, min_difficulty]));
    },
  }),
  sudo_set_max_difficulty: subnetSetter({
    index: 5,
    args: { netuid: NetUid, max_difficulty: U64 },
    weight: [259_704_000n, 4_383n],
    owner: "MaxDifficulty",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, max_difficulty }) {
      h.MaxDifficulty.put(store, netuid, max_difficulty);
      deposit(events.make.MaxDifficultySet([netuid, max_difficulty]));
    },
  }),
  sudo_set_adjustment_interval: subnetSetter({
    index: 8,
    args: { netuid: NetUid, adjustment_interval: U16 },
    weight: [141_320_000n, 4_084n],
    exists: true,
    run({ store, deposit }, { netuid, adjustment_interval }) {
      h.AdjustmentInterval.put(store, netuid, adjustment_interval);
      deposit(events.make.AdjustmentIntervalSet([netuid, adjustment_interval]));
    },
  }),
  sudo_set_adjustment_alpha: subnetSetter({
    index: 9,
    args: { netuid: NetUid, adjustment_alpha: U64 },
    weight: [139_000_000n],
    owner: "AdjustmentAlpha",
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, adjustment_alpha }) {
      h.AdjustmentAlpha.put(store, netuid, adjustment_alpha);
      deposit(events.make.AdjustmentAlphaSet([netuid, adjustment_alpha]));
    },
  }),
  sudo_set_difficulty: subnetSetter({
    index: 24,
    args: { netuid: NetUid, difficulty: U64 },
    weight: [259_434_000n, 4_383n],
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, difficulty }) {
      h.Difficulty.put(store, netuid, difficulty);
      deposit(events.make.DifficultySet([netuid, difficulty]));
    },
  }),
  sudo_set_target_registrations_per_interval: subnetSetter({
    index: 21,
    args: { netuid: NetUid, target_registrations_per_interval: U16 },
    weight: [259_103_000n, 4_383n],
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, target_registrations_per_interval: target }) {
      h.TargetRegistrationsPerInterval.put(store, netuid, target);
      deposit(events.make.RegistrationPerIntervalSet([netuid, target]));
    },
  }),
  sudo_set_max_registrations_per_block: subnetSetter({
    index: 27,
    args: { netuid: NetUid, max_registrations_per_block: U16 },
    weight: [259_604_000n, 4_383n],
    window: true,
    exists: true,
    run({ store, deposit }, { netuid, max_registrations_per_block: max }) {
      h.MaxRegistrationsPerBlock.put(store, netuid, max);
      deposit(events.make.MaxRegistrationsPerBlockSet([netuid, max]));
    },
  }),
  sudo_set_rao_recycled: subnetSetter({
    index: 39,
    args: { netuid: NetUid, rao_recycled: TaoBalance },
    weight: [141_541_000n, 4_084n],
    exists: true,
    run({ store, deposit }, { netuid, rao_recycled }) {
      Networks.RAORecycledForRegistration.put(store, netuid, rao_recycled);
      deposit(events.make.RAORecycledForRegistrationSet([netuid, rao_recycled]));
    },
  }),
  sudo_set_network_pow_registration_allowed: call({
    index: 20,
    args: { netuid: NetUid, registration_allowed: Bool },
    weight: weight(114_000_000n),
    run: () => fail(adminErrors.is.POWRegistrationDisabled),
  }),
  sudo_set_total_issuance: call({
    index: 33,
    args: { total_issuance: TaoBalance },
    weight: weight(5_931_000n),
    run: () => fail(adminErrors.is.Deprecated),
  }),
};
