import type { Netuid } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { ensureOwnerOf, hotkeyExists } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { isAllowedAgain, rememberAct } from "./key-limits.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** `decrease_take`: a smaller part of its stakers' dividends for a hotkey, at any time. Takes are parts of 65535. */
export function decreaseTake(c: Context, coldkey: Account, hotkey: Account, take: number): void {
  const { store: s } = c;
  ensureTakeable(s, coldkey, hotkey);
  const isLower = !Neurons.Delegates.exists(s, hotkey) || take < Neurons.Delegates.get(s, hotkey);
  ensure(isLower, errors.is.DelegateTakeTooLow);
  ensure(take >= Hyperparameters.MinDelegateTake.get(s), errors.is.DelegateTakeTooLow);
  Neurons.Delegates.put(s, hotkey, take);
  rememberTake(c, hotkey);
  c.deposit(events.make.TakeDecreased([coldkey, hotkey, take]));
}

/** `increase_take`: a larger part, once in a while. */
export function increaseTake(c: Context, coldkey: Account, hotkey: Account, take: number): void {
  const { store: s } = c;
  ensureTakeable(s, coldkey, hotkey);
  const isHigher = !Neurons.Delegates.exists(s, hotkey) || take > Neurons.Delegates.get(s, hotkey);
  ensure(isHigher, errors.is.DelegateTakeTooLow);
  ensure(take <= Hyperparameters.MaxDelegateTake.get(s), errors.is.DelegateTakeTooHigh);
  const limit = Hyperparameters.TxDelegateTakeRateLimit.get(s);
  const last = Networks.LastRateLimitedBlock.get(s, { type: "LastTxBlockDelegateTake", value: hotkey });
  const isLate = limit === 0n || last === 0n || BigInt(c.block) - last > limit;
  ensure(isLate, errors.is.DelegateTxRateLimitExceeded);
  rememberTake(c, hotkey);
  Neurons.Delegates.put(s, hotkey, take);
  c.deposit(events.make.TakeIncreased([coldkey, hotkey, take]));
}

/** What is checked before either change is even accepted, in the chain's order. @throws DispatchFailure */
export function ensureTakeInBounds(s: Reader, coldkey: Account, hotkey: Account, take: number): void {
  ensure(take >= Hyperparameters.MinDelegateTake.get(s), errors.is.DelegateTakeTooLow);
  ensure(take <= Hyperparameters.MaxDelegateTake.get(s), errors.is.DelegateTakeTooHigh);
  ensureTakeable(s, coldkey, hotkey);
}

/** `set_childkey_take`: what a hotkey keeps of the dividends its parents' stake earns. */
export function setChildkeyTake(
  c: Context,
  coldkey: Account,
  hotkey: Account,
  netuid: Netuid,
  take: number,
): void {
  const { store: s } = c;
  ensureOwnerOf(s, hotkey, coldkey);
  const isInBounds = take >= leastChildkeyTake(s, netuid) && take <= Hyperparameters.MaxChildkeyTake.get(s);
  ensure(isInBounds, errors.is.InvalidChildkeyTake);
  const limit = Hyperparameters.TxChildkeyTakeRateLimit.get(s);
  const isAllowed =
    take <= childkeyTake(s, hotkey, netuid) || isAllowedAgain(c, "SetChildkeyTake", hotkey, netuid, limit);
  ensure(isAllowed, errors.is.TxChildkeyTakeRateLimitExceeded);
  rememberAct(c, "SetChildkeyTake", hotkey, netuid);
  Neurons.ChildkeyTake.put(s, hotkey, netuid, take);
  c.deposit(events.make.ChildKeyTakeSet([hotkey, take]));
}

/** The childkey take that counts: never below what chain and subnet demand. */
export function childkeyTake(s: Reader, hotkey: Account, netuid: Netuid): number {
  return Math.max(Neurons.ChildkeyTake.get(s, hotkey, netuid), leastChildkeyTake(s, netuid));
}

function leastChildkeyTake(s: Reader, netuid: Netuid): number {
  return Math.max(
    Hyperparameters.MinChildkeyTake.get(s),
    Hyperparameters.MinChildkeyTakePerSubnet.get(s, netuid),
  );
}

function ensureTakeable(s: Reader, coldkey: Account, hotkey: Account): void {
  ensure(hotkeyExists(s, hotkey), errors.is.HotKeyAccountNotExists);
  ensureOwnerOf(s, hotkey, coldkey);
}

function rememberTake({ store: s, block }: Context, hotkey: Account): void {
  const key = { type: "LastTxBlockDelegateTake", value: hotkey } as const;
  Networks.LastRateLimitedBlock.put(s, key, BigInt(block));
}
