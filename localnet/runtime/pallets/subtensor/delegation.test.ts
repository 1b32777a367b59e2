import { beforeEach, describe, expect, it } from "vitest";
import type { BareChain } from "../../bare-chain.ts";
import { I96F32 } from "../../consensus/fixed.ts";
import { freeBalance } from "../accounts.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { stakeWeight } from "./stake-weight.ts";
import {
  account,
  COLDKEY,
  createTestChain,
  failure,
  HOTKEY,
  OTHER,
  OTHER_HOTKEY,
  OWNER,
  OWNER_HOTKEY,
  ok,
  openSubnet,
  SUBTENSOR,
  stake,
  TAO,
  TEMPO,
} from "./test-subnet.test-kit.ts";

const netuid = 2;
const HALF = 2n ** 63n;

let chain: BareChain;

beforeEach(() => {
  chain = createTestChain();
  openSubnet(chain, netuid);
  ok(chain.root("AdminUtils", "sudo_set_subtoken_enabled", { netuid: 0, subtoken_enabled: true }));
  ok(chain.call(COLDKEY, SUBTENSOR, "burned_register", { netuid, hotkey: HOTKEY }));
  ok(chain.call(OTHER, SUBTENSOR, "burned_register", { netuid, hotkey: OTHER_HOTKEY }));
});

const call = (name: string, args: Record<string, unknown>, who = COLDKEY) =>
  chain.call(who, SUBTENSOR, name, args);

describe("takes", () => {
  const take = (name: string, value: number, who = COLDKEY) =>
    call(name, { hotkey: HOTKEY, take: value }, who);

  it("fall at any time and rise within their bounds, once in a while", () => {
    ok(take("decrease_take", 100));
    expect(Neurons.Delegates.get(chain.state, HOTKEY)).toBe(100);
    expect(failure(take("decrease_take", 100))).toBe("DelegateTakeTooLow");
    expect(failure(take("increase_take", 11_797))).toBe("DelegateTakeTooHigh");
    expect(failure(take("increase_take", 200))).toBe("DelegateTxRateLimitExceeded");
    ok(chain.root("AdminUtils", "sudo_set_tx_delegate_take_rate_limit", { tx_rate_limit: 0n }));
    ok(take("increase_take", 200));
    expect(failure(take("increase_take", 300, OTHER))).toBe("NonAssociatedColdKey");
  });

  it("of children have a floor that root and owner set", () => {
    const set = (value: number) => call("set_childkey_take", { hotkey: HOTKEY, netuid, take: value });
    ok(set(1000));
    expect(failure(set(2000))).toBe("TxChildkeyTakeRateLimitExceeded");
    ok(set(500));
    expect(failure(set(11_797))).toBe("InvalidChildkeyTake");
    ok(chain.root(SUBTENSOR, "sudo_set_min_childkey_take", { take: 600 }));
    expect(failure(set(500))).toBe("InvalidChildkeyTake");
    expect(failure(call("set_childkey_take", { hotkey: HOTKEY, netuid, take: 700 }, OTHER))).toBe(
      "NonAssociatedColdKey",
    );
  });
});

describe("children", () => {
  const setChildren = (children: [bigint, string][], change: Record<string, unknown> = {}, who = COLDKEY) =>
    call("set_children", { hotkey: HOTKEY, netuid, children, ...change }, who);

  it("weigh with their parent's stake after the cooldown, when an epoch runs", () => {
    stake(chain, COLDKEY, HOTKEY, netuid, 100n * TAO);
    ok(chain.root(SUBTENSOR, "set_pending_childkey_cooldown", { cooldown: 5n }));
    ok(setChildren([[HALF, OTHER_HOTKEY]]));
    expect(Neurons.PendingChildKeys.exists(chain.state, netuid, HOTKEY)).toBe(true);
    expect(Neurons.ChildKeys.get(chain.state, HOTKEY, netuid)).toEqual([]);
    chain.pass(5 + TEMPO);
    expect(Neurons.ChildKeys.get(chain.state, HOTKEY, netuid)).toEqual([[HALF, OTHER_HOTKEY]]);
    expect(Neurons.ParentKeys.get(chain.state, OTHER_HOTKEY, netuid)).toEqual([[HALF, HOTKEY]]);
    expect(Neurons.PendingChildKeys.exists(chain.state, netuid, HOTKEY)).toBe(false);

    const own = stakeWeight(chain.state, HOTKEY, netuid).alpha;
    const lent = stakeWeight(chain.state, OTHER_HOTKEY, netuid).alpha;
    expect(Number(lent) / Number(own)).toBeCloseTo(1, 3);
    chain.pass(150);
    ok(setChildren([]));
    chain.pass(5 + TEMPO);
    expect(Neurons.ParentKeys.exists(chain.state, OTHER_HOTKEY, netuid)).toBe(false);
    expect(stakeWeight(chain.state, OTHER_HOTKEY, netuid).alpha).toBe(0n);
  });

  it.each([
    ["RegistrationNotPermittedOnRootSubnet", [], { netuid: 0 }],
    ["SubnetNotExists", [], { netuid: 9 }],
    ["NonAssociatedColdKey", [], { hotkey: OTHER_HOTKEY }],
    ["NonAssociatedColdKey", [], { hotkey: account(0xee) }],
    [
      "DuplicateChild",
      [
        [1n, OTHER_HOTKEY],
        [1n, OTHER_HOTKEY],
      ],
      {},
    ],
    ["InvalidChild", [[1n, HOTKEY]], {}],
    ["TooManyChildren", [1, 2, 3, 4, 5, 6].map((n) => [1n, account(n)]), {}],
    [
      "ProportionOverflow",
      [
        [2n ** 64n - 1n, account(1)],
        [1n, account(2)],
      ],
      {},
    ],
  ] as [string, [bigint, string][], object][])("are refused as %s", (name, children, change) => {
    expect(failure(setChildren(children, { ...change }))).toBe(name);
  });

  it("come at once before a subnet starts, and cannot be parents of their parents", () => {
    ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }));
    ok(setChildren([[HALF, OTHER_HOTKEY]], { netuid: 3 }));
    expect(Neurons.ChildKeys.get(chain.state, HOTKEY, 3)).toEqual([[HALF, OTHER_HOTKEY]]);
    expect(failure(setChildren([[1n, HOTKEY]], { netuid: 3, hotkey: OTHER_HOTKEY }, OTHER))).toBe(
      "ChildParentInconsistency",
    );
    expect(failure(setChildren([], { netuid: 3 }))).toBe("TxRateLimitExceeded");
  });

  it("need stake behind their parent where the chain asks for some", () => {
    ok(chain.root("AdminUtils", "sudo_set_stake_threshold", { min_stake: TAO }));
    expect(failure(setChildren([[1n, OTHER_HOTKEY]]))).toBe("NotEnoughStakeToSetChildkeys");
    ok(setChildren([[1n, HOTKEY]], { hotkey: OWNER_HOTKEY }, OWNER));
  });

  it("share the dividends with their parents, less their take", () => {
    stake(chain, COLDKEY, HOTKEY, netuid, 1000n * TAO);
    ok(chain.root(SUBTENSOR, "set_pending_childkey_cooldown", { cooldown: 0n }));
    ok(setChildren([[2n ** 64n - 1n, OTHER_HOTKEY]]));
    ok(call("set_childkey_take", { hotkey: OTHER_HOTKEY, netuid, take: 6_553 }, OTHER));
    chain.pass(2 * TEMPO);
    const weights = { netuid, dests: [1], weights: [1], version_key: 0n };
    ok(chain.call(OTHER_HOTKEY, SUBTENSOR, "set_weights", weights));
    chain.pass(TEMPO);
    const parent = stakeOf(chain.state, HOTKEY, COLDKEY, netuid);
    const child = stakeOf(chain.state, OTHER_HOTKEY, OTHER, netuid);
    chain.pass(TEMPO);
    const gained = [
      stakeOf(chain.state, HOTKEY, COLDKEY, netuid) - parent,
      stakeOf(chain.state, OTHER_HOTKEY, OTHER, netuid) - child,
    ] as const;
    expect(gained[0]).toBeGreaterThan(0n);
    expect(gained[1]).toBeGreaterThan(0n);
  });
});

describe("root", () => {
  /** Let the root stake of the hotkey have earned a tenth of itself, as alpha. */
  const owe = () => {
    const rates = new Map([[netuid, I96F32.fromInteger(1n) / 10n]]);
    chain.state.transaction(() => Stakes.RootClaimable.put(chain.state, HOTKEY, rates));
  };
  const enter = () => call("root_register", { hotkey: HOTKEY });

  it("takes stake once its owner has started it", () => {
    const fresh = createTestChain();
    const add = () =>
      fresh.call(OWNER, SUBTENSOR, "add_stake", { hotkey: OWNER_HOTKEY, netuid: 0, amount_staked: TAO });
    ok(fresh.call(OWNER, SUBTENSOR, "try_associate_hotkey", { hotkey: OWNER_HOTKEY }));
    expect(failure(add())).toBe("SubtokenDisabled");
    ok(fresh.call(OWNER, SUBTENSOR, "start_call", { netuid: 0 }));
    ok(add());
    expect(stakeOf(fresh.state, OWNER_HOTKEY, OWNER, 0)).toBe(TAO);
  });

  it("gives a seat, makes a delegate, and lends to the owner of a new subnet", () => {
    ok(enter());
    expect(Neurons.Uids.get(chain.state, 0, HOTKEY)).toBe(0);
    expect(Neurons.Delegates.get(chain.state, HOTKEY)).toBe(11_796);
    expect(failure(enter())).toBe("HotKeyAlreadyRegisteredInSubNet");
    ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }));
    expect(Neurons.ParentKeys.get(chain.state, OWNER_HOTKEY, 3)).toEqual([[2n ** 64n - 1n, HOTKEY]]);
    ok(call("set_auto_parent_delegation_enabled", { hotkey: HOTKEY, enabled: false }));
    chain.pass(1);
    ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }));
    expect(Neurons.ParentKeys.get(chain.state, OWNER_HOTKEY, 4)).toEqual([]);
  });

  it("hands the weakest seat to whoever has more stake, and only then", () => {
    chain.state.transaction(() => Hyperparameters.MaxAllowedUids.put(chain.state, 0, 1));
    ok(enter());
    const other = () => call("root_register", { hotkey: OTHER_HOTKEY }, OTHER);
    expect(failure(other())).toBe("StakeTooLowForRoot");
    stake(chain, OTHER, OTHER_HOTKEY, 0, TAO);
    ok(other());
    expect(Neurons.Keys.get(chain.state, 0, 0)).toBe(OTHER_HOTKEY);
    expect(Neurons.Uids.exists(chain.state, 0, HOTKEY)).toBe(false);
  });

  it("pays what its stake earned: as alpha, as root stake, or as alpha of some subnets", () => {
    stake(chain, COLDKEY, HOTKEY, 0, 100n * TAO);
    ok(chain.root(SUBTENSOR, "sudo_set_num_root_claims", { new_value: 0n }));
    const accrue = () => {
      owe();
      chain.state.transaction(() => Stakes.RootClaimed.put(chain.state, netuid, HOTKEY, COLDKEY, 0n));
    };
    const claim = () => call("claim_root", { subnets: new Set([netuid]) });

    accrue();
    ok(call("set_root_claim_type", { new_root_claim_type: { type: "Keep" } }));
    ok(claim());
    const alpha = stakeOf(chain.state, HOTKEY, COLDKEY, netuid);
    expect(Number(alpha) / Number(10n * TAO)).toBeCloseTo(1, 6);
    ok(claim());
    expect(stakeOf(chain.state, HOTKEY, COLDKEY, netuid)).toBe(alpha);

    accrue();
    ok(call("set_root_claim_type", { new_root_claim_type: { type: "Swap" } }));
    const free = freeBalance(chain.state, COLDKEY);
    ok(claim());
    expect(stakeOf(chain.state, HOTKEY, COLDKEY, netuid)).toBe(alpha);
    expect(stakeOf(chain.state, HOTKEY, COLDKEY, 0)).toBeGreaterThan(109n * TAO);
    expect(freeBalance(chain.state, COLDKEY)).toBe(free);
    expect(failure(call("claim_root", { subnets: new Set() }))).toBe("InvalidSubnetNumber");
  });

  it("claims by itself for a few stakers per block", () => {
    stake(chain, COLDKEY, HOTKEY, 0, 100n * TAO);
    owe();
    chain.pass(1);
    expect(stakeOf(chain.state, HOTKEY, COLDKEY, 0)).toBeGreaterThan(109n * TAO);
    ok(call("remove_stake", { hotkey: HOTKEY, netuid: 0, amount_unstaked: 1000n * TAO }));
    expect(Stakes.NumStakingColdkeys.get(chain.state)).toBe(0n);
  });
});

describe("automatic staking", () => {
  it("sends what the coldkey's miners earn to another hotkey", () => {
    const set = (hotkey: string) => call("set_coldkey_auto_stake_hotkey", { netuid, hotkey });
    expect(failure(set(account(0xee)))).toBe("HotKeyNotRegisteredInSubNet");
    ok(set(OTHER_HOTKEY));
    expect(failure(set(OTHER_HOTKEY))).toBe("SameAutoStakeHotkeyAlreadySet");
    expect(Neurons.AutoStakeDestination.get(chain.state, COLDKEY, netuid)).toBe(OTHER_HOTKEY);
    ok(set(HOTKEY));
    expect(Neurons.AutoStakeDestinationColdkeys.get(chain.state, OTHER_HOTKEY, netuid)).toEqual([]);
  });
});

describe("a swap of hotkeys", () => {
  const NEW = account(0xc1);
  const swap = (change: Record<string, unknown> = {}, who = COLDKEY) =>
    call("swap_hotkey", { hotkey: HOTKEY, new_hotkey: NEW, netuid: undefined, ...change }, who);

  it("moves uid, stake, children and names, for a price", () => {
    stake(chain, COLDKEY, HOTKEY, netuid, 10n * TAO);
    const alpha = stakeOf(chain.state, HOTKEY, COLDKEY, netuid);
    const uid = Neurons.Uids.get(chain.state, netuid, HOTKEY);
    const before = freeBalance(chain.state, COLDKEY);
    ok(swap());
    expect(before - freeBalance(chain.state, COLDKEY)).toBe(TAO / 10n);
    expect(Neurons.Uids.get(chain.state, netuid, NEW)).toBe(uid);
    expect(Neurons.Keys.get(chain.state, netuid, uid!)).toBe(NEW);
    expect(Neurons.Owner.exists(chain.state, HOTKEY)).toBe(false);
    expect(Neurons.OwnedHotkeys.get(chain.state, COLDKEY)).toEqual([NEW]);
    expect(stakeOf(chain.state, NEW, COLDKEY, netuid)).toBe(alpha);
    expect(stakeOf(chain.state, HOTKEY, COLDKEY, netuid)).toBe(0n);
    expect(failure(call("swap_hotkey", { hotkey: NEW, new_hotkey: HOTKEY, netuid: undefined }))).toBe(
      "HotKeySetTxRateLimitExceeded",
    );
  });

  it("follows the subnet's owner, and is refused in the chain's order", () => {
    expect(failure(swap({}, OTHER))).toBe("NonAssociatedColdKey");
    expect(failure(swap({ new_hotkey: OTHER_HOTKEY }))).toBe("NonAssociatedColdKey");
    expect(failure(swap({ new_hotkey: HOTKEY }))).toBe("NewHotKeyIsSameWithOld");
    expect(failure(swap({ netuid }))).toBe("HotKeySwapOnSubnetIntervalNotPassed");
    ok(swap({ hotkey: OWNER_HOTKEY }, OWNER));
    expect(Networks.SubnetOwnerHotkey.get(chain.state, netuid)).toBe(NEW);
  });
});
