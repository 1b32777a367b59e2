import type { Uid } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { associateHotkey } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { appendNeuron, hotkeysOf, replaceNeuron } from "./neurons.ts";
import { hotkeyStake } from "./stake.ts";
import { subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** Registrations per interval, in targets. */
const INTERVAL_TARGETS = 3;
/** Take of a hotkey that becomes a delegate by this, of 65535. */
const FIRST_TAKE = 11_796;

/** `root_register`: a seat among the root validators, free while there are some, else that of the one with least stake. */
export function rootRegister(c: Context, coldkey: Account, hotkey: Account): void {
  const { store: s } = c;
  ensure(subnetExists(s, ROOT), errors.is.RootNetworkDoesNotExist);
  const perBlock = Hyperparameters.MaxRegistrationsPerBlock.get(s, ROOT);
  ensure(Networks.RegistrationsThisBlock.get(s, ROOT) < perBlock, errors.is.TooManyRegistrationsThisBlock);
  const perInterval = Hyperparameters.TargetRegistrationsPerInterval.get(s, ROOT) * INTERVAL_TARGETS;
  ensure(
    Networks.RegistrationsThisInterval.get(s, ROOT) < perInterval,
    errors.is.TooManyRegistrationsThisInterval,
  );
  ensure(!Neurons.Uids.exists(s, ROOT, hotkey), errors.is.HotKeyAlreadyRegisteredInSubNet);
  associateHotkey(s, hotkey, coldkey);

  const uid = takeSeat(c, hotkey);
  if (!Neurons.Delegates.exists(s, hotkey)) Neurons.Delegates.put(s, hotkey, FIRST_TAKE);
  Networks.RegistrationsThisInterval.mutate(s, ROOT, (count) => count + 1);
  Networks.RegistrationsThisBlock.mutate(s, ROOT, (count) => count + 1);
  c.deposit(events.make.NeuronRegistered([ROOT, uid, hotkey]));
}

function takeSeat(c: Context, hotkey: Account): Uid {
  const { store: s } = c;
  if (Networks.SubnetworkN.get(s, ROOT) < Hyperparameters.MaxAllowedUids.get(s, ROOT)) {
    return appendNeuron(c, ROOT, hotkey);
  }
  const weakest = weakestSeat(s);
  ensure(weakest.stake < hotkeyStake(s, hotkey, ROOT), errors.is.StakeTooLowForRoot);
  replaceNeuron(c, ROOT, weakest.uid, hotkey);
  return weakest.uid;
}

function weakestSeat(s: Reader): { uid: Uid; stake: bigint } {
  return hotkeysOf(s, ROOT)
    .map((hotkey, uid) => ({ uid, stake: hotkeyStake(s, hotkey, ROOT) }))
    .reduce((weakest, seat) => (seat.stake < weakest.stake ? seat : weakest));
}
