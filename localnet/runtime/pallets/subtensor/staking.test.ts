import { beforeEach, describe, expect, it } from "vitest";
import type { BareChain } from "../../bare-chain.ts";
import { freeBalance } from "../accounts.ts";
import { Balances } from "../balances.ts";
import { Neurons } from "./neuron-storage.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { spotPrice } from "./subnets.ts";
import {
  account,
  COLDKEY,
  createTestChain,
  failure,
  HOTKEY,
  OTHER,
  OTHER_HOTKEY,
  ok,
  openSubnet,
  SUBTENSOR,
  stake,
  TAO,
} from "./test-subnet.test-kit.ts";

const FIRST = 2;
const SECOND = 3;
const NOBODY = account(0xee);

let chain: BareChain;

beforeEach(() => {
  chain = createTestChain();
  openSubnet(chain, FIRST);
  openSubnet(chain, SECOND);
  ok(chain.root("AdminUtils", "sudo_set_subtoken_enabled", { netuid: 0, subtoken_enabled: true }));
  ok(chain.call(COLDKEY, SUBTENSOR, "try_associate_hotkey", { hotkey: HOTKEY }));
  ok(chain.call(OTHER, SUBTENSOR, "try_associate_hotkey", { hotkey: OTHER_HOTKEY }));
});

const call = (name: string, args: Record<string, unknown>, who = COLDKEY) =>
  chain.call(who, SUBTENSOR, name, args);
const held = (netuid: number, hotkey = HOTKEY, coldkey = COLDKEY) =>
  stakeOf(chain.state, hotkey, coldkey, netuid);

describe("stake with a limit", () => {
  const add = (change: Record<string, unknown>) =>
    call("add_stake_limit", {
      hotkey: HOTKEY,
      netuid: FIRST,
      amount_staked: 100n * TAO,
      limit_price: 2n * TAO,
      allow_partial: false,
      ...change,
    });
  const remove = (change: Record<string, unknown>) =>
    call("remove_stake_limit", {
      hotkey: HOTKEY,
      netuid: FIRST,
      amount_unstaked: 50n * TAO,
      limit_price: TAO / 2n,
      allow_partial: false,
      ...change,
    });

  it("is bought whole within the limit, and in part or not at all beyond it", () => {
    ok(add({}));
    const all = held(FIRST);
    expect(all).toBeGreaterThan(85n * TAO);
    expect(failure(add({ limit_price: (13n * TAO) / 10n, amount_staked: 500n * TAO }))).toBe(
      "SlippageTooHigh",
    );
    const before = freeBalance(chain.state, COLDKEY);
    ok(add({ limit_price: (13n * TAO) / 10n, amount_staked: 500n * TAO, allow_partial: true }));
    expect(before - freeBalance(chain.state, COLDKEY)).toBeLessThan(50n * TAO);
    expect(Number(spotPrice(chain.state, FIRST)) / 2 ** 64).toBeCloseTo(1.3, 4);
  });

  it("is refused when the price is beyond the limit already", () => {
    expect(failure(add({ limit_price: TAO / 2n }))).toBe("PriceLimitExceeded");
    ok(add({}));
    expect(failure(remove({ limit_price: 2n * TAO }))).toBe("PriceLimitExceeded");
  });

  it("is sold whole, in part or not at all, and never more than there is", () => {
    ok(add({}));
    ok(remove({ amount_unstaked: 20n * TAO }));
    const slightlyLess = (((spotPrice(chain.state, FIRST) * TAO) >> 64n) * 99n) / 100n;
    expect(failure(remove({ limit_price: slightlyLess }))).toBe("SlippageTooHigh");
    const before = held(FIRST);
    ok(remove({ limit_price: slightlyLess, allow_partial: true }));
    expect(before - held(FIRST)).toBeLessThan(50n * TAO);
    expect(failure(remove({ amount_unstaked: 1000n * TAO, limit_price: 1n, allow_partial: true }))).toBe(
      "NotEnoughStakeToWithdraw",
    );
    ok(call("remove_stake_full_limit", { hotkey: HOTKEY, netuid: FIRST, limit_price: TAO / 2n }));
    expect(held(FIRST)).toBe(0n);
  });

  it("makes the hotkey of another a delegate, which the plain call does not", () => {
    stake(chain, COLDKEY, OTHER_HOTKEY, FIRST, TAO);
    expect(Neurons.Delegates.exists(chain.state, OTHER_HOTKEY)).toBe(false);
    ok(add({ hotkey: OTHER_HOTKEY }));
    expect(Neurons.Delegates.exists(chain.state, OTHER_HOTKEY)).toBe(true);
  });
});

describe("stake that is taken back", () => {
  it("leaves every subnet at once, and passes over those where there is none", () => {
    for (const netuid of [FIRST, SECOND, 0]) stake(chain, COLDKEY, HOTKEY, netuid, 10n * TAO);
    ok(call("unstake_all", { hotkey: HOTKEY }));
    for (const netuid of [0, FIRST, SECOND]) expect(held(netuid)).toBe(0n);
    expect(failure(call("unstake_all", { hotkey: NOBODY }))).toBe("HotKeyAccountNotExists");
  });

  it("goes to root when it is all the alpha", () => {
    for (const netuid of [FIRST, SECOND]) stake(chain, COLDKEY, HOTKEY, netuid, 10n * TAO);
    ok(call("unstake_all_alpha", { hotkey: HOTKEY }));
    expect(held(FIRST) + held(SECOND)).toBe(0n);
    expect(Number(held(0)) / Number(20n * TAO)).toBeCloseTo(1, 2);
    expect(failure(call("unstake_all_alpha", { hotkey: HOTKEY }))).toBe("AmountTooLow");
  });

  it("takes small nominations along, once root asks for a minimum", () => {
    stake(chain, COLDKEY, OTHER_HOTKEY, FIRST, TAO);
    ok(chain.root("AdminUtils", "sudo_set_nominator_min_required_stake", { min_stake: TAO / 2n }));
    ok(call("remove_stake", { hotkey: OTHER_HOTKEY, netuid: FIRST, amount_unstaked: (7n * TAO) / 10n }));
    expect(held(FIRST, OTHER_HOTKEY)).toBe(0n);
  });

  it("can be destroyed: recycled alpha may be issued again, burned alpha still counts", () => {
    stake(chain, COLDKEY, HOTKEY, FIRST, 10n * TAO);
    const destroy = (name: string) => {
      const before = Stakes.SubnetAlphaOut.get(chain.state, FIRST);
      ok(call(name, { hotkey: HOTKEY, amount: TAO, netuid: FIRST }));
      return Stakes.SubnetAlphaOut.get(chain.state, FIRST) - before; // the block itself issues up to one
    };
    expect(destroy("burn_alpha")).toBeGreaterThanOrEqual(0n);
    expect(destroy("recycle_alpha")).toBeLessThanOrEqual(0n);
    expect(failure(call("burn_alpha", { hotkey: HOTKEY, amount: TAO, netuid: 0 }))).toBe(
      "CannotBurnOrRecycleOnRootSubnet",
    );
    const before = held(FIRST);
    ok(call("add_stake_burn", { hotkey: HOTKEY, netuid: FIRST, amount: TAO, limit: undefined }));
    expect(held(FIRST)).toBe(before);
  });
});

describe("stake that moves", () => {
  const move = (change: Record<string, unknown>) =>
    call("move_stake", {
      origin_hotkey: HOTKEY,
      destination_hotkey: OTHER_HOTKEY,
      origin_netuid: FIRST,
      destination_netuid: FIRST,
      alpha_amount: TAO,
      ...change,
    });

  beforeEach(() => stake(chain, COLDKEY, HOTKEY, FIRST, 10n * TAO));

  it("changes its hotkey within a subnet without a fee", () => {
    const before = held(FIRST);
    ok(move({}));
    expect(before - held(FIRST)).toBe(TAO);
    expect(held(FIRST, OTHER_HOTKEY)).toBe(TAO);
  });

  it("changes its subnet through TAO, and pays the fee once", () => {
    const author = Balances.TotalIssuance.get(chain.state);
    ok(
      call("swap_stake", {
        hotkey: HOTKEY,
        origin_netuid: FIRST,
        destination_netuid: SECOND,
        alpha_amount: TAO,
      }),
    );
    expect(Number(held(SECOND)) / Number(TAO)).toBeCloseTo(1, 1);
    expect(Balances.TotalIssuance.get(chain.state)).toBeGreaterThanOrEqual(author);
  });

  it("goes to another coldkey, unless a subnet forbids it", () => {
    const transfer = () =>
      call("transfer_stake", {
        destination_coldkey: OTHER,
        hotkey: HOTKEY,
        origin_netuid: FIRST,
        destination_netuid: FIRST,
        alpha_amount: TAO,
      });
    ok(transfer());
    expect(held(FIRST, HOTKEY, OTHER)).toBe(TAO);
    ok(chain.root("AdminUtils", "sudo_set_toggle_transfer", { netuid: FIRST, toggle: false }));
    expect(failure(transfer())).toBe("TransferDisallowed");
  });

  it("keeps to a relative price when it is given one", () => {
    const swap = (limit_price: bigint, allow_partial = false) =>
      call("swap_stake_limit", {
        hotkey: HOTKEY,
        origin_netuid: FIRST,
        destination_netuid: SECOND,
        alpha_amount: 5n * TAO,
        limit_price,
        allow_partial,
      });
    expect(failure(swap(2n * TAO))).toBe("SlippageTooHigh");
    ok(swap(TAO / 2n));
    ok(swap(0n));
  });

  it.each([
    ["SameNetuid", { destination_hotkey: HOTKEY }],
    ["SubnetNotExists", { origin_netuid: 9 }],
    ["SubnetNotExists", { destination_netuid: 9 }],
    ["SubtokenDisabled", { destination_netuid: 1 }],
    ["HotKeyAccountNotExists", { origin_hotkey: NOBODY }],
    ["HotKeyAccountNotExists", { destination_hotkey: NOBODY }],
    ["AmountTooLow", { alpha_amount: 1_000n }],
    ["AmountTooLow", { alpha_amount: 1_000n, destination_netuid: SECOND }],
  ])("is refused as %s for %o", (name, change) => {
    expect(failure(move(change))).toBe(name);
  });
});
