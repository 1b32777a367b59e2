import { beforeEach, describe, expect, it } from "vitest";
import { blake2b256 } from "../../../state/hashing.ts";
import { bytesToHex, hexToBytes } from "../../../types/hex.ts";
import type { BareChain } from "../../bare-chain.ts";
import { freeBalance } from "../accounts.ts";
import { Balances } from "../balances.ts";
import { System } from "../system-storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeysOf } from "./neurons.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { subnetAccount } from "./subnets.ts";
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
import { isSymbol, tokenSymbol } from "./token-symbol.ts";

const netuid = 2;

let chain: BareChain;

beforeEach(() => {
  chain = createTestChain();
  openSubnet(chain, netuid);
});

const call = (name: string, args: Record<string, unknown>, who = OWNER) =>
  chain.call(who, SUBTENSOR, name, args);
const root = (name: string, args: Record<string, unknown>) => chain.root("AdminUtils", name, args);

describe("the end of a subnet", () => {
  const end = () => chain.root(SUBTENSOR, "root_dissolve_network", { netuid });

  it("gives its pool to those who hold its alpha, and recycles what belongs to nobody", () => {
    ok(call("burned_register", { netuid, hotkey: HOTKEY }, COLDKEY));
    ok(call("try_associate_hotkey", { hotkey: OTHER_HOTKEY }, OTHER));
    stake(chain, COLDKEY, HOTKEY, netuid, 300n * TAO);
    stake(chain, OTHER, OTHER_HOTKEY, netuid, 100n * TAO);
    const held = [
      stakeOf(chain.state, HOTKEY, COLDKEY, netuid),
      stakeOf(chain.state, OTHER_HOTKEY, OTHER, netuid),
    ];
    const before = [freeBalance(chain.state, COLDKEY), freeBalance(chain.state, OTHER)];
    ok(end());
    const paid = [
      freeBalance(chain.state, COLDKEY) - before[0]!,
      freeBalance(chain.state, OTHER) - before[1]!,
    ];
    expect(Number(paid[0]) / Number(paid[1])).toBeCloseTo(Number(held[0]) / Number(held[1]), 3);
    expect(paid[0]! + paid[1]!).toBeLessThan(1400n * TAO);
    expect(freeBalance(chain.state, subnetAccount(netuid))).toBeLessThanOrEqual(500n);
    const balances = [...System.Account.entries(chain.state)].reduce(
      (sum, [, { data }]) => sum + data.free,
      0n,
    );
    expect(balances).toBe(Balances.TotalIssuance.get(chain.state));
    expect(Stakes.TotalIssuance.get(chain.state)).toBe(balances);
  });

  it("leaves nothing behind, so that its number is free", () => {
    ok(end());
    expect(Networks.NetworksAdded.exists(chain.state, netuid)).toBe(false);
    expect(Networks.TotalNetworks.get(chain.state)).toBe(2);
    expect(Neurons.Uids.exists(chain.state, netuid, OWNER_HOTKEY)).toBe(false);
    expect(Stakes.SubnetTAO.get(chain.state, netuid)).toBe(0n);
    chain.pass(TEMPO);
    openSubnet(chain, netuid);
    expect(hotkeysOf(chain.state, netuid)).toEqual([OWNER_HOTKEY]);
    chain.pass(TEMPO);
  });

  it("is root's to decide, and never that of root itself", () => {
    expect(failure(call("dissolve_network", { coldkey: OWNER, netuid }))).toBe("BadOrigin");
    expect(failure(chain.root(SUBTENSOR, "root_dissolve_network", { netuid: 0 }))).toBe("SubnetNotExists");
    expect(failure(chain.root(SUBTENSOR, "root_dissolve_network", { netuid: 9 }))).toBe("SubnetNotExists");
  });

  it("comes to the weakest past immunity when a new one needs its place", () => {
    ok(root("sudo_set_subnet_limit", { max_subnets: 2 }));
    const register = () => failure(call("register_network", { hotkey: account(0xc1) }, COLDKEY));
    expect(register()).toBe("SubnetLimitReached");
    ok(root("sudo_set_network_immunity_period", { immunity_period: 0n }));
    chain.pass(50); // the price of the running subnet moves away from 0, that of subnet 1 does not
    expect(register()).toBe("ok");
    expect(Networks.SubnetOwner.get(chain.state, 1)).toBe(COLDKEY);
    expect(Networks.SubnetOwner.get(chain.state, netuid)).toBe(OWNER);
  });
});

describe("fewer uids", () => {
  it("remove who earned least, and keep weights and bonds of the others", () => {
    const hotkeys = [1, 2, 3].map(account);
    for (const hotkey of hotkeys) ok(call("burned_register", { netuid, hotkey }, COLDKEY));
    stake(chain, COLDKEY, hotkeys[0]!, netuid, 100n * TAO);
    chain.pass(TEMPO);
    const weights = { netuid, dests: [2, 3], weights: [1, 2], version_key: 0n };
    ok(chain.call(hotkeys[0]!, SUBTENSOR, "set_weights", weights));
    chain.pass(2 * TEMPO);
    ok(root("sudo_set_min_allowed_uids", { netuid, min_allowed_uids: 1 }));
    expect(failure(root("sudo_trim_to_max_allowed_uids", { netuid, max_n: 3 }))).toBe(
      "TrimmingWouldExceedMaxImmunePercentage",
    );
    ok(root("sudo_set_immunity_period", { netuid, immunity_period: 0 }));
    ok(root("sudo_trim_to_max_allowed_uids", { netuid, max_n: 3 }));
    expect(hotkeysOf(chain.state, netuid)).toEqual([OWNER_HOTKEY, hotkeys[0], hotkeys[2]]);
    expect(Neurons.Uids.get(chain.state, netuid, hotkeys[2]!)).toBe(2);
    expect(Neurons.Uids.exists(chain.state, netuid, hotkeys[1]!)).toBe(false);
    expect(Neurons.Weights.get(chain.state, netuid, 1)).toEqual([[2, 65_535]]);
    expect(Neurons.Emission.get(chain.state, netuid)).toHaveLength(3);
    chain.pass(TEMPO);
    expect(failure(root("sudo_trim_to_max_allowed_uids", { netuid, max_n: 4 }))).toBe("InvalidValue");
  });
});

describe("symbols", () => {
  it("are letters of the world, each for one subnet at a time", () => {
    const update = (symbol: Uint8Array, who = OWNER) =>
      failure(call("update_symbol", { netuid, symbol }, who));
    expect(new TextDecoder().decode(tokenSymbol(19))).toBe("t");
    expect(new TextDecoder().decode(tokenSymbol(25))).toBe("\u05d0");
    expect(isSymbol(tokenSymbol(438))).toBe(true);
    expect(tokenSymbol(439)).toEqual(tokenSymbol(0));
    expect(update(tokenSymbol(7), COLDKEY)).toBe("BadOrigin");
    expect(update(tokenSymbol(0))).toBe("SymbolDoesNotExist");
    expect(update(tokenSymbol(1))).toBe("SymbolAlreadyInUse");
    expect(update(tokenSymbol(3))).toBe("ok");
    ok(call("register_network", { hotkey: account(0xc1) }));
    expect(Networks.TokenSymbol.get(chain.state, 3)).toEqual(tokenSymbol(2));
  });
});

describe("the owner of a subnet", () => {
  it("changes its tempo within bounds and now and then, and calls for an epoch out of turn", () => {
    const tempo = (value: number, who = OWNER) => failure(call("set_tempo", { netuid, tempo: value }, who));
    expect(tempo(360, COLDKEY)).toBe("BadOrigin");
    expect(tempo(359)).toBe("TempoOutOfBounds");
    expect(tempo(400)).toBe("ok");
    expect(tempo(500)).toBe("TxRateLimitExceeded");
    ok(call("trigger_epoch", { netuid }));
    expect(failure(call("trigger_epoch", { netuid }))).not.toBe("EpochTriggerAlreadyPending"); // it fired at once
    expect(failure(call("set_activity_cutoff_factor", { netuid, factor_milli: 999 }))).toBe(
      "ActivityCutoffFactorMilliOutOfBounds",
    );
    ok(call("set_activity_cutoff_factor", { netuid, factor_milli: 2_000 }));
    expect(Hyperparameters.ActivityCutoffFactorMilli.get(chain.state, netuid)).toBe(2_000);
  });

  it("divides it into mechanisms, and their emission by parts that add up", () => {
    const set = (name: string, args: object) =>
      failure(chain.call(OWNER, "AdminUtils", name, { netuid, ...args }));
    expect(set("sudo_set_mechanism_count", { mechanism_count: 0 })).toBe("InvalidValue");
    expect(set("sudo_set_mechanism_count", { mechanism_count: 2 })).toBe("TooManyUIDsPerMechanism");
    ok(root("sudo_set_max_allowed_uids", { netuid, max_allowed_uids: 128 }));
    expect(set("sudo_set_mechanism_count", { mechanism_count: 2 })).toBe("ok");
    expect(set("sudo_set_mechanism_count", { mechanism_count: 1 })).toBe("TxRateLimitExceeded");
    expect(set("sudo_set_mechanism_emission_split", { maybe_split: [1, 2] })).toBe("InvalidValue");
    expect(set("sudo_set_mechanism_emission_split", { maybe_split: [65_000, 535] })).toBe("ok");
    ok(root("sudo_set_mechanism_count", { netuid, mechanism_count: 1 }));
    expect(Hyperparameters.MechanismEmissionSplit.exists(chain.state, netuid)).toBe(false);
  });
});

describe("a swap of coldkeys", () => {
  const NEW = account(0xc7);
  const announce = (hash: string) => call("announce_coldkey_swap", { new_coldkey_hash: hash }, COLDKEY);

  it("hands everything over, by root at once", () => {
    ok(call("burned_register", { netuid, hotkey: HOTKEY }, COLDKEY));
    stake(chain, COLDKEY, HOTKEY, netuid, 10n * TAO);
    const alpha = stakeOf(chain.state, HOTKEY, COLDKEY, netuid);
    const free = freeBalance(chain.state, COLDKEY);
    ok(chain.root(SUBTENSOR, "swap_coldkey", { old_coldkey: COLDKEY, new_coldkey: NEW, swap_cost: 0n }));
    expect(Neurons.Owner.get(chain.state, HOTKEY)).toBe(NEW);
    expect(stakeOf(chain.state, HOTKEY, NEW, netuid)).toBe(alpha);
    expect(freeBalance(chain.state, NEW)).toBe(free);
    expect(freeBalance(chain.state, COLDKEY)).toBe(0n);
  });

  it("blocks the old key from its announcement on, and all of it once it is disputed", () => {
    ok(announce(`0x${"11".repeat(32)}`));
    expect(failure(call("add_stake", { hotkey: HOTKEY, netuid, amount_staked: TAO }, COLDKEY))).toBe(
      "ColdkeySwapAnnounced",
    );
    expect(failure(announce(`0x${"22".repeat(32)}`))).toBe("ColdkeySwapReannouncedTooEarly");
    expect(failure(call("swap_coldkey_announced", { new_coldkey: NEW }, COLDKEY))).toBe(
      "AnnouncedColdkeyHashDoesNotMatch",
    );
    expect(failure(call("clear_coldkey_swap_announcement", {}, COLDKEY))).toBe("ColdkeySwapClearTooEarly");
    ok(call("dispute_coldkey_swap", {}, COLDKEY));
    expect(failure(call("dispute_coldkey_swap", {}, COLDKEY))).toBe("ColdkeySwapDisputed");
    ok(chain.root(SUBTENSOR, "reset_coldkey_swap", { coldkey: COLDKEY }));
    ok(call("try_associate_hotkey", { hotkey: HOTKEY }, COLDKEY));
  });

  it("is carried out when its time has come", () => {
    ok(root("sudo_set_coldkey_swap_announcement_delay", { duration: 3 }));
    ok(announce(bytesToHex(blake2b256(hexToBytes(NEW)))));
    expect(failure(call("swap_coldkey_announced", { new_coldkey: NEW }, COLDKEY))).toBe(
      "ColdkeySwapTooEarly",
    );
    chain.pass(3);
    ok(call("swap_coldkey_announced", { new_coldkey: NEW }, COLDKEY));
    expect(freeBalance(chain.state, COLDKEY)).toBe(0n);
    expect(failure(call("schedule_swap_coldkey", { new_coldkey: NEW }, OTHER))).toBe("Deprecated");
  });
});
