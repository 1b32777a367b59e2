import { option, vec } from "../../../types/composites.ts";
import { Bool, U8, U16 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { setEmissionSplit, setMechanismCount } from "../subtensor/mechanism-count.ts";
import { changeOwnerHotkey } from "../subtensor/subnet-owner.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { NetUid } from "../subtensor/subtensor-types.ts";
import { trimUids } from "../subtensor/trim-uids.ts";
import { adminErrors, subnetSetter } from "./setter.ts";

const Hotkey = named("<T as frame_system::Config>::AccountId", AccountId);

/** How many mechanisms and uids a subnet has, and whose it is: for its owner, and root. */
export const structureSetters = {
  sudo_set_toggle_transfer: subnetSetter({
    index: 61,
    args: { netuid: NetUid, toggle: Bool },
    weight: [228_343_000n, 4_280n],
    owner: "TransferEnabled",
    window: true,
    run({ store, deposit }, { netuid, toggle }) {
      Hyperparameters.TransferToggle.put(store, netuid, toggle);
      deposit(events.make.TransferToggle([netuid, toggle]));
    },
  }),
  sudo_set_subnet_owner_hotkey: call({
    index: 64,
    args: { netuid: NetUid, hotkey: Hotkey },
    weight: weight(103_918_000n),
    run(c, { netuid, hotkey }) {
      changeOwnerHotkey(c, netuid, hotkey);
    },
  }),
  sudo_set_sn_owner_hotkey: call({
    index: 67,
    args: { netuid: NetUid, hotkey: Hotkey },
    weight: weight(275_687_000n, 4_177n),
    run(c, { netuid, hotkey }) {
      changeOwnerHotkey(c, netuid, hotkey);
    },
  }),
  sudo_set_mechanism_count: subnetSetter({
    index: 76,
    args: { netuid: NetUid, mechanism_count: named("MechId", U8) },
    weight: [140_000_000n],
    owner: "mechanism-count",
    window: true,
    run(c, { netuid, mechanism_count }) {
      setMechanismCount(c, netuid, mechanism_count);
    },
  }),
  sudo_set_mechanism_emission_split: subnetSetter({
    index: 77,
    args: { netuid: NetUid, maybe_split: named("Option<Vec<u16>>", option(vec(U16))) },
    weight: [140_000_000n],
    owner: "mechanism-emission",
    window: true,
    run(c, { netuid, maybe_split }) {
      setEmissionSplit(c, netuid, maybe_split);
    },
  }),
  sudo_trim_to_max_allowed_uids: subnetSetter({
    index: 78,
    args: { netuid: NetUid, max_n: U16 },
    weight: [338_302_000n, 4_398n],
    owner: "uid-trimming",
    window: true,
    run(c, { netuid, max_n }) {
      trimUids(c, netuid, max_n);
    },
  }),
  sudo_set_min_childkey_take_per_subnet: subnetSetter({
    index: 93,
    args: { netuid: NetUid, take: U16 },
    weight: [313_100_000n, 4_419n],
    owner: "MinChildkeyTake",
    window: true,
    exists: true,
    run({ store: s, deposit }, { netuid, take }) {
      const isInBounds =
        take >= Hyperparameters.MinChildkeyTake.get(s) && take <= Hyperparameters.MaxChildkeyTake.get(s);
      ensure(isInBounds, adminErrors.is.InvalidValue);
      Hyperparameters.MinChildkeyTakePerSubnet.put(s, netuid, take);
      deposit(events.make.MinChildKeyTakePerSubnetSet([netuid, take]));
    },
  }),
};
