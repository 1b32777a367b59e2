import { tuple, vec } from "../../../types/composites.ts";
import { Bool, U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureRoot, ensureSigned } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { setAutoStake } from "./auto-stake.ts";
import { setChildren } from "./children.ts";
import { ensureOwnerOf, hotkeyExists } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";
import { NetUid } from "./subtensor-types.ts";
import { decreaseTake, increaseTake, setChildkeyTake } from "./takes.ts";

/** What stakers and hotkeys leave to each other, and for which part. */
export const delegationCalls = {
  decrease_take: call({
    index: 65,
    args: { hotkey: AccountId, take: U16 },
    weight: weight(304_895_000n, 4_295n),
    pays: "No",
    run(c, { hotkey, take }) {
      decreaseTake(c, ensureSigned(c.origin), hotkey, take);
    },
  }),
  increase_take: call({
    index: 66,
    args: { hotkey: AccountId, take: U16 },
    weight: weight(362_710_000n, 4_388n),
    pays: "No",
    run(c, { hotkey, take }) {
      increaseTake(c, ensureSigned(c.origin), hotkey, take);
    },
  }),
  set_children: call({
    index: 67,
    args: {
      hotkey: AccountId,
      netuid: NetUid,
      children: named("Vec<(u64, T::AccountId)>", vec(tuple(U64, AccountId))),
    },
    weight: weight(3_369_000_000n),
    run(c, { hotkey, netuid, children }) {
      setChildren(c, ensureSigned(c.origin), hotkey, netuid, children);
    },
  }),
  set_childkey_take: call({
    index: 75,
    args: { hotkey: AccountId, netuid: NetUid, take: U16 },
    weight: weight(428_870_000n, 4_498n),
    run(c, { hotkey, netuid, take }) {
      setChildkeyTake(c, ensureSigned(c.origin), hotkey, netuid, take);
    },
  }),
  set_coldkey_auto_stake_hotkey: call({
    index: 114,
    args: { netuid: NetUid, hotkey: AccountId },
    weight: weight(333_853_000n, 4_274n),
    run(c, { netuid, hotkey }) {
      setAutoStake(c, ensureSigned(c.origin), netuid, hotkey);
    },
  }),
  set_auto_parent_delegation_enabled: call({
    index: 135,
    args: { hotkey: AccountId, enabled: Bool },
    weight: weight(178_023_000n, 4_364n),
    run(c, { hotkey, enabled }) {
      const { store: s } = c;
      const coldkey = ensureSigned(c.origin);
      ensure(hotkeyExists(s, hotkey), errors.is.NonAssociatedColdKey);
      ensureOwnerOf(s, hotkey, coldkey);
      ensure(Neurons.Uids.exists(s, ROOT, hotkey), errors.is.HotKeyNotRegisteredInSubNet);
      Neurons.AutoParentDelegationEnabled.put(s, hotkey, enabled);
      c.deposit(events.make.AutoParentDelegationEnabledSet({ hotkey, enabled }));
    },
  }),
  set_pending_childkey_cooldown: call({
    index: 109,
    args: { cooldown: U64 },
    weight: weight(103_000_000n),
    run(c, { cooldown }) {
      ensureRoot(c.origin);
      Neurons.PendingChildKeyCooldown.put(c.store, cooldown);
    },
  }),
  sudo_set_tx_childkey_take_rate_limit: call({
    index: 69,
    args: { tx_rate_limit: U64 },
    weight: weight(105_760_000n),
    run(c, { tx_rate_limit }) {
      ensureRoot(c.origin);
      Hyperparameters.TxChildkeyTakeRateLimit.put(c.store, tx_rate_limit);
      c.deposit(events.make.TxChildKeyTakeRateLimitSet(tx_rate_limit));
    },
  }),
  sudo_set_min_childkey_take: call({
    index: 76,
    args: { take: U16 },
    weight: weight(125_006_000n),
    run(c, { take }) {
      ensureRoot(c.origin);
      Hyperparameters.MinChildkeyTake.put(c.store, take);
      c.deposit(events.make.MinChildKeyTakeSet(take));
    },
  }),
  sudo_set_max_childkey_take: call({
    index: 77,
    args: { take: U16 },
    weight: weight(125_006_000n),
    run(c, { take }) {
      ensureRoot(c.origin);
      Hyperparameters.MaxChildkeyTake.put(c.store, take);
      c.deposit(events.make.MaxChildKeyTakeSet(take));
    },
  }),
};
