import { record, Unit } from "../../../types/composites.ts";
import { U64F64 } from "../../../types/fixed-point.ts";
import { Bool, U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { map, storageOf, value } from "../../dsl/storage.ts";
import { PER_SUBNET, PER_SUBNET_AND_HOTKEY } from "./storage-keys.ts";
import { subtensorId } from "./subtensor-id.ts";
import { AlphaBalance } from "./subtensor-types.ts";

/** Stake that its owner cannot take out for a while, and what that says about its conviction. */
export const LockState = record("pallet_subtensor::staking::lock::LockState", {
  locked_mass: AlphaBalance,
  conviction: U64F64,
  last_update: U64,
});

/** Where clients look for locked stake. The calls that lock are not modelled, so nothing is ever in it. */
export const Locks = storageOf(subtensorId, {
  Lock: map(
    [
      ["Blake2128Concat", AccountId],
      ["Identity", U16],
      ["Blake2128Concat", AccountId],
    ],
    LockState,
  ),
  LockingColdkeys: map(
    [
      ["Identity", U16],
      ["Blake2128Concat", AccountId],
      ["Blake2128Concat", AccountId],
    ],
    Unit,
  ),
  HotkeyLock: map(PER_SUBNET_AND_HOTKEY, LockState),
  DecayingHotkeyLock: map(PER_SUBNET_AND_HOTKEY, LockState),
  OwnerLock: map(PER_SUBNET, LockState),
  DecayingOwnerLock: map(PER_SUBNET, LockState),
  DecayingLock: map(
    [
      ["Blake2128Concat", AccountId],
      ["Identity", U16],
    ],
    Bool,
  ),
  OwnerCutAutoLockEnabled: map(PER_SUBNET, Bool, false),
  MaturityRate: value(U64, 934_866n),
  UnlockRate: value(U64, 934_866n),
});
