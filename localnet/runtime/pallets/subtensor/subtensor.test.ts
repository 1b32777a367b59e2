import { beforeEach, describe, expect, it } from "vitest";
import { BareChain } from "../../bare-chain.ts";
import type { Account } from "../../dsl/context.ts";
import { freeBalance } from "../accounts.ts";
import { Balances } from "../balances.ts";
import { System } from "../system-storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { metagraphOf, selectMetagraph } from "./info/metagraph.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { subnetAccount } from "./subnets.ts";
import {
  account,
  COLDKEY,
  OWNER,
  OWNER_HOTKEY,
  ok,
  openSubnet as openTestSubnet,
  SUBTENSOR,
  TAO,
  TEMPO,
} from "./test-subnet.test-kit.ts";

const VALIDATOR = account(0xb1);
const MINERS = [account(0xc1), account(0xc2), account(0xc3)];

let chain: BareChain;
let netuid: number;

beforeEach(() => {
  chain = new BareChain({
    balances: [OWNER, COLDKEY].map((who) => ({ account: who, rao: 1_000_000n * TAO })),
    sudo: OWNER,
    slotMs: 250,
  });
  netuid = 2;
});

describe("a new subnet", () => {
  it("costs the lock, which becomes its pool, and gives the owner uid 0", () => {
    ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }));
    expect(Networks.TotalNetworks.get(chain.state)).toBe(3);
    expect(Networks.SubnetOwner.get(chain.state, netuid)).toBe(OWNER);
    expect(Neurons.Uids.get(chain.state, netuid, OWNER_HOTKEY)).toBe(0);
    expect(Stakes.SubnetTAO.get(chain.state, netuid)).toBe(1000n * TAO);
    expect(Stakes.SubnetAlphaIn.get(chain.state, netuid)).toBe(1000n * TAO);
    expect(freeBalance(chain.state, subnetAccount(netuid))).toBe(1000n * TAO);
    expect(freeBalance(chain.state, OWNER)).toBe(999_000n * TAO);
  });

  it("comes at most once per rate limit, and by its owner's hotkey alone", () => {
    ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }));
    expect(failure(chain.call(COLDKEY, SUBTENSOR, "register_network", { hotkey: VALIDATOR }))).toBe(
      "SubtensorModule.NetworkTxRateLimitExceeded",
    );
    ok(chain.root("AdminUtils", "sudo_set_network_rate_limit", { rate_limit: 0n }));
    expect(failure(chain.call(COLDKEY, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }))).toBe(
      "SubtensorModule.NonAssociatedColdKey",
    );
    ok(chain.call(COLDKEY, SUBTENSOR, "register_network", { hotkey: VALIDATOR }));
    expect(Stakes.SubnetTAO.get(chain.state, 3)).toBeGreaterThan(1990n * TAO);
  });

  it("takes stake only after it was started by its owner", () => {
    ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: OWNER_HOTKEY }));
    const stake = { hotkey: OWNER_HOTKEY, netuid, amount_staked: TAO };
    expect(failure(chain.call(OWNER, SUBTENSOR, "add_stake", stake))).toBe(
      "SubtensorModule.SubtokenDisabled",
    );
    expect(failure(chain.call(COLDKEY, SUBTENSOR, "start_call", { netuid }))).toBe("BadOrigin");
    ok(chain.call(OWNER, SUBTENSOR, "start_call", { netuid }));
    ok(chain.call(OWNER, SUBTENSOR, "add_stake", stake));
    expect(failure(chain.call(OWNER, SUBTENSOR, "start_call", { netuid }))).toBe(
      "SubtensorModule.FirstEmissionBlockNumberAlreadySet",
    );
  });
});

describe("registration", () => {
  beforeEach(openSubnet);

  it("burns the price, raises it, and lets it decay to half within its half-life", () => {
    const before = Networks.Burn.get(chain.state, netuid);
    const issuance = Stakes.SubnetAlphaOut.get(chain.state, netuid);
    ok(chain.call(COLDKEY, SUBTENSOR, "burned_register", { netuid, hotkey: VALIDATOR }));
    const raised = Networks.Burn.get(chain.state, netuid);
    expect(Number(raised) / Number(before)).toBeCloseTo(1.26, 2);
    expect(Networks.RAORecycledForRegistration.get(chain.state, netuid)).toBeGreaterThan(0n);
    // The alpha that was bought is gone: only the block's own alpha, less what root would get, is new.
    expect(Stakes.SubnetAlphaOut.get(chain.state, netuid) - issuance).toBeLessThanOrEqual(TAO);
    chain.pass(360);
    expect(Number(Networks.Burn.get(chain.state, netuid)) / Number(raised)).toBeCloseTo(0.5, 3);
  });

  it("is refused by name for root, an unknown subnet, a closed one, a second time and a foreign hotkey", () => {
    const register = (at: number, hotkey: Account, who = COLDKEY) =>
      failure(chain.call(who, SUBTENSOR, "burned_register", { netuid: at, hotkey }));
    expect(register(0, VALIDATOR)).toBe("SubtensorModule.RegistrationNotPermittedOnRootSubnet");
    expect(register(9, VALIDATOR)).toBe("SubtensorModule.SubnetNotExists");
    expect(register(netuid, OWNER_HOTKEY)).toBe("SubtensorModule.HotKeyAlreadyRegisteredInSubNet");
    expect(register(netuid, VALIDATOR, account(0xee))).toBe("SubtensorModule.NotEnoughBalanceToStake");
    ok(chain.call(OWNER, SUBTENSOR, "try_associate_hotkey", { hotkey: VALIDATOR }));
    expect(register(netuid, VALIDATOR)).toBe("SubtensorModule.NonAssociatedColdKey");
    expect(register(netuid, subnetAccount(netuid))).toBe("SubtensorModule.CannotUseSystemAccount");
    ok(
      chain.root("AdminUtils", "sudo_set_network_registration_allowed", {
        netuid,
        registration_allowed: false,
      }),
    );
    expect(register(netuid, MINERS[0]!)).toBe("SubtensorModule.SubNetRegistrationDisabled");
  });

  it("hands a full subnet's weakest uid over, and wipes what belonged to its old neuron", () => {
    startValidator();
    ok(chain.call(VALIDATOR, SUBTENSOR, "serve_axon", axon({ netuid })));
    for (const hotkey of MINERS) register(hotkey);
    setWeights([2, 3, 4], [10, 20, 30]);
    chain.pass(2 * TEMPO);
    expect(Neurons.Incentive.get(chain.state, netuid)[4]).toBeGreaterThan(0);
    for (const [call, args] of [
      ["sudo_set_min_allowed_uids", { netuid, min_allowed_uids: 1 }],
      ["sudo_set_max_allowed_uids", { netuid, max_allowed_uids: 5 }],
      ["sudo_set_min_non_immune_uids", { netuid, min: 0 }],
      ["sudo_set_immunity_period", { netuid, immunity_period: 1 }],
    ] as const) {
      ok(chain.root("AdminUtils", call, args));
    }
    const before = metagraphOf(chain.state, netuid);
    const weakest = before.emission.findIndex(
      (earned, uid) => uid > 0 && before.emission.every((other, i) => i === 0 || earned <= other),
    );
    const newcomer = account(0xd1);
    ok(chain.call(COLDKEY, SUBTENSOR, "burned_register", { netuid, hotkey: newcomer }));

    const after = metagraphOf(chain.state, netuid);
    expect(after.hotkeys[weakest]).toBe(newcomer);
    expect(Neurons.Uids.exists(chain.state, netuid, before.hotkeys[weakest]!)).toBe(false);
    expect(after.incentives[weakest]).toBe(0);
    expect(after.emission[weakest]).toBe(0n);
    expect(after.validator_permit[weakest]).toBe(false);
    expect(after.last_update[weakest]).toBe(BigInt(chain.block));
    expect(Neurons.Weights.get(chain.state, netuid, 1)).toContainEqual([weakest, 0]);
    expect(Neurons.Weights.get(chain.state, netuid, weakest)).toEqual([]);
  });
});

describe("serve_axon", () => {
  beforeEach(openSubnet);

  it("announces an address, and refuses the next one within the rate limit", () => {
    startValidator();
    ok(chain.call(VALIDATOR, SUBTENSOR, "serve_axon", axon({ netuid })));
    expect(metagraphOf(chain.state, netuid).axons[1]).toMatchObject({ port: 8091, ip: 3_221_225_985n });
    expect(failure(chain.call(VALIDATOR, SUBTENSOR, "serve_axon", axon({ netuid })))).toBe(
      "SubtensorModule.ServingRateLimitExceeded",
    );
    chain.pass(50);
    ok(chain.call(VALIDATOR, SUBTENSOR, "serve_axon", axon({ netuid, port: 9000 })));
  });

  it.each([
    ["HotKeyNotRegisteredInNetwork", { netuid: 1 }],
    ["InvalidIpType", { ip_type: 5 }],
    ["InvalidIpAddress", { ip: 0x7f_00_00_01n }],
    ["InvalidIpAddress", { ip_type: 6, ip: 1n }],
    ["InvalidPort", { port: 0 }],
  ])("refuses with %s: %o", (name, change) => {
    startValidator();
    expect(failure(chain.call(VALIDATOR, SUBTENSOR, "serve_axon", axon({ netuid, ...change })))).toBe(
      `SubtensorModule.${name}`,
    );
  });
});

describe("stake", () => {
  beforeEach(openSubnet);

  it("buys alpha and sells it again, at the cost of two fees", () => {
    register(VALIDATOR);
    const before = freeBalance(chain.state, COLDKEY);
    ok(chain.call(COLDKEY, SUBTENSOR, "add_stake", { hotkey: VALIDATOR, netuid, amount_staked: 100n * TAO }));
    const alpha = stakeOf(chain.state, VALIDATOR, COLDKEY, netuid);
    expect(Number(alpha / TAO)).toBeGreaterThan(80);
    ok(
      chain.call(COLDKEY, SUBTENSOR, "remove_stake", {
        hotkey: VALIDATOR,
        netuid,
        amount_unstaked: 2n ** 63n,
      }),
    );
    expect(stakeOf(chain.state, VALIDATOR, COLDKEY, netuid)).toBe(0n);
    const lost = before - freeBalance(chain.state, COLDKEY);
    expect(Number(lost) / Number(100n * TAO)).toBeCloseTo((2 * 33) / 65_535, 3);
  });

  it.each([
    ["SubnetNotExists", { netuid: 9 }],
    ["AmountTooLow", { amount_staked: 2_000_000n }],
    ["NotEnoughBalanceToStake", { amount_staked: 900_000n * TAO }],
    ["InsufficientLiquidity", { amount_staked: 1_000_000_000n * TAO }],
    ["HotKeyAccountNotExists", { hotkey: account(0xee) }],
  ])("refuses with %s: %o", (name, change) => {
    const args = { hotkey: OWNER_HOTKEY, netuid, amount_staked: TAO, ...change };
    ok(
      chain.call(OWNER, SUBTENSOR, "add_stake", {
        hotkey: OWNER_HOTKEY,
        netuid,
        amount_staked: 200_000n * TAO,
      }),
    );
    expect(failure(chain.call(OWNER, SUBTENSOR, "add_stake", args))).toBe(`SubtensorModule.${name}`);
  });
});

describe("set_weights", () => {
  beforeEach(openSubnet);

  it("pays miners as the weights say, and the validator as much as all of them", () => {
    startValidator();
    for (const hotkey of MINERS) register(hotkey);
    setWeights([2, 3, 4], [1, 2, 5]);
    expect(Neurons.Weights.get(chain.state, netuid, 1)).toEqual([
      [2, 13_107],
      [3, 26_214],
      [4, 65_535],
    ]);
    expect(Neurons.LastUpdate.get(chain.state, netuid)[1]).toBe(BigInt(chain.block));

    const before = MINERS.map((hotkey) => stakeOf(chain.state, hotkey, COLDKEY, netuid));
    chain.pass(3 * TEMPO);
    const { incentives, dividends, consensus } = metagraphOf(chain.state, netuid);
    expect(incentives.slice(2).map((share) => share / 65_535)).toEqual([
      expect.closeTo(1 / 8, 3),
      expect.closeTo(2 / 8, 3),
      expect.closeTo(5 / 8, 3),
    ]);
    expect(dividends[1]).toBe(65_535);
    expect(consensus[4]).toBeGreaterThan(consensus[3]!);
    const earned = MINERS.map((hotkey, i) =>
      Number(stakeOf(chain.state, hotkey, COLDKEY, netuid) - before[i]!),
    );
    expect(earned[2]! / earned[0]!).toBeCloseTo(5, 2);
  });

  it.each([
    ["WeightVecNotEqualSize", { weights: [1] }],
    ["UidsLengthExceedUidsInSubNet", { dests: [0, 1, 2, 3, 4, 5], weights: [1, 1, 1, 1, 1, 1] }],
    ["DuplicateUids", { dests: [2, 2], weights: [1, 1] }],
    ["UidVecContainInvalidOne", { dests: [2, 77], weights: [1, 1] }],
    ["IncorrectWeightVersionKey", { version_key: 6n }],
  ])("refuses with %s: %o", (name, change) => {
    prepareRefusals();
    ok(chain.root("AdminUtils", "sudo_set_weights_version_key", { netuid, weights_version_key: 7n }));
    const args = { netuid, dests: [2, 3], weights: [1, 1], version_key: 7n, ...change };
    expect(failure(send(VALIDATOR, args))).toBe(`SubtensorModule.${name}`);
  });

  it("refuses root, and a mechanism that does not exist", () => {
    prepareRefusals();
    const root = { netuid: 0, enabled: false };
    ok(chain.root("AdminUtils", "sudo_set_commit_reveal_weights_enabled", root));
    const good = { dests: [2, 3], weights: [1, 1], version_key: 0n };
    expect(failure(send(VALIDATOR, { ...good, netuid: 0 }))).toBe(
      "SubtensorModule.CanNotSetRootNetworkWeights",
    );
    const other = { ...good, netuid, mecid: 1 };
    expect(failure(chain.call(VALIDATOR, SUBTENSOR, "set_mechanism_weights", other))).toBe(
      "SubtensorModule.MechanismDoesNotExist",
    );
  });

  it("refuses too early, too few, without permit, without stake and while weights are to be committed", () => {
    prepareRefusals();
    const good = { netuid, dests: [2, 3], weights: [1, 1], version_key: 0n };
    expect(failure(send(account(0xee), good))).toBe("SubtensorModule.HotKeyNotRegisteredInSubNet");
    expect(failure(send(MINERS[0]!, good))).toBe("SubtensorModule.NeuronNoValidatorPermit");
    ok(send(MINERS[0]!, { ...good, dests: [2], weights: [1] })); // its own uid: always allowed

    ok(chain.root("AdminUtils", "sudo_set_min_allowed_weights", { netuid, min_allowed_weights: 3 }));
    expect(failure(send(VALIDATOR, good))).toBe("SubtensorModule.WeightVecLengthIsLow");
    ok(chain.root("AdminUtils", "sudo_set_min_allowed_weights", { netuid, min_allowed_weights: 1 }));

    ok(send(VALIDATOR, good));
    ok(chain.root("AdminUtils", "sudo_set_weights_set_rate_limit", { netuid, weights_set_rate_limit: 20n }));
    expect(failure(send(VALIDATOR, good))).toBe("SubtensorModule.SettingWeightsTooFast");
    chain.pass(20);
    ok(send(VALIDATOR, good));
    chain.pass(20);

    ok(chain.root("AdminUtils", "sudo_set_stake_threshold", { min_stake: 10n ** 17n }));
    expect(failure(send(VALIDATOR, good))).toBe("SubtensorModule.NotEnoughStakeToSetWeights");
    ok(chain.root("AdminUtils", "sudo_set_stake_threshold", { min_stake: 0n }));

    ok(chain.root("AdminUtils", "sudo_set_commit_reveal_weights_enabled", { netuid, enabled: true }));
    expect(failure(send(VALIDATOR, good))).toBe("SubtensorModule.CommitRevealEnabled");
  });

  function prepareRefusals() {
    startValidator();
    for (const hotkey of MINERS) register(hotkey);
    chain.pass(TEMPO);
  }

  function send(who: Account, args: Record<string, unknown>) {
    return chain.call(who, SUBTENSOR, "set_weights", args);
  }
});

describe("money", () => {
  beforeEach(openSubnet);

  it("is conserved: balances grow by exactly what is issued, block by block", () => {
    startValidator();
    for (const hotkey of MINERS) register(hotkey);
    setWeights([2, 3, 4], [1, 2, 5]);
    for (let i = 0; i < 3 * TEMPO; i++) {
      const before = totals();
      chain.pass(1);
      const after = totals();
      expect(after.balances - before.balances).toBe(after.issuance - before.issuance);
      expect(after.issuance - before.issuance).toBeLessThanOrEqual(TAO);
      expect(after.palletIssuance).toBe(after.issuance);
    }
    expect(totals().issuance).toBeGreaterThan(2_000_010n * TAO);
  });

  it("reaches the stakers: a tempo pays no more than it saved up, and loses a few rao per account", () => {
    startValidator();
    for (const hotkey of MINERS) register(hotkey);
    setWeights([2, 3, 4], [1, 2, 5]);
    chain.pass(TEMPO);
    const before = allStake();
    const alphaBefore = Stakes.SubnetAlphaOut.get(chain.state, netuid) - pots();
    chain.pass(TEMPO);
    const paid = allStake() - before;
    const minted = Stakes.SubnetAlphaOut.get(chain.state, netuid) - pots() - alphaBefore;
    expect(paid).toBeLessThanOrEqual(minted);
    // Incentive of the owner's hotkeys is withheld; here they have none.
    expect(minted - paid).toBeLessThan(100n);
  });

  function totals() {
    let balances = 0n;
    for (const [, { data }] of System.Account.entries(chain.state)) balances += data.free + data.reserved;
    return {
      balances,
      issuance: Balances.TotalIssuance.get(chain.state),
      palletIssuance: Stakes.TotalIssuance.get(chain.state),
    };
  }

  function pots() {
    return (
      Stakes.PendingServerEmission.get(chain.state, netuid) +
      Stakes.PendingValidatorEmission.get(chain.state, netuid) +
      Stakes.PendingOwnerCut.get(chain.state, netuid)
    );
  }

  function allStake() {
    return [OWNER_HOTKEY, VALIDATOR, ...MINERS].reduce(
      (sum, hotkey) => sum + Stakes.TotalHotkeyAlpha.get(chain.state, hotkey, netuid),
      Stakes.SubnetProtocolAlpha.get(chain.state, netuid),
    );
  }
});

describe("dividends", () => {
  beforeEach(openSubnet);

  it("go to the hotkey's stakers by their shares, after the owner's take", () => {
    startValidator();
    for (const hotkey of MINERS) register(hotkey);
    const nominator = OWNER;
    const stake = { hotkey: VALIDATOR, netuid, amount_staked: 500n * TAO };
    ok(chain.call(nominator, SUBTENSOR, "add_stake", stake));
    setWeights([2, 3, 4], [1, 2, 5]);
    const before = [COLDKEY, nominator].map((who) => stakeOf(chain.state, VALIDATOR, who, netuid));
    chain.pass(2 * TEMPO);
    const gained = [COLDKEY, nominator].map((who, i) =>
      Number(stakeOf(chain.state, VALIDATOR, who, netuid) - before[i]!),
    );
    const share = Number(before[1]!) / Number(before[0]! + before[1]!);
    const take = 11_796 / 65_535;
    expect(gained[1]! / (gained[0]! + gained[1]!)).toBeCloseTo((1 - take) * share, 2);
  });

  it("go in part to the parents whose stake a hotkey used", () => {
    startValidator();
    for (const hotkey of MINERS) register(hotkey);
    const parent = account(0xd2);
    ok(chain.call(OWNER, SUBTENSOR, "try_associate_hotkey", { hotkey: parent }));
    ok(chain.call(OWNER, SUBTENSOR, "add_stake", { hotkey: parent, netuid, amount_staked: 1000n * TAO }));
    const all = 2n ** 64n - 1n;
    chain.state.block(() => {
      Neurons.ParentKeys.put(chain.state, VALIDATOR, netuid, [[all, parent]]);
      Neurons.ChildKeys.put(chain.state, parent, netuid, [[all, VALIDATOR]]);
    });
    setWeights([2, 3, 4], [1, 2, 5]);
    const own = Stakes.TotalHotkeyAlpha.get(chain.state, VALIDATOR, netuid);
    const lent = Stakes.TotalHotkeyAlpha.get(chain.state, parent, netuid);
    const weights = metagraphOf(chain.state, netuid).alpha_stake;
    expect(weights[1]).toBe(own + lent);
    chain.pass(2 * TEMPO);
    const gained = Number(Stakes.TotalHotkeyAlpha.get(chain.state, parent, netuid) - lent);
    const kept = Number(Stakes.TotalHotkeyAlpha.get(chain.state, VALIDATOR, netuid) - own);
    expect(gained / kept).toBeCloseTo(Number(lent) / Number(own), 2);
  });
});

describe("epochs", () => {
  beforeEach(openSubnet);

  it("come every tempo blocks", () => {
    const first = Number(Hyperparameters.LastEpochBlock.get(chain.state, netuid));
    chain.pass(first + 5 * TEMPO - chain.block);
    expect(Hyperparameters.LastEpochBlock.get(chain.state, netuid)).toBe(BigInt(chain.block));
    expect(Hyperparameters.LastMechansimStepBlock.get(chain.state, netuid)).toBe(BigInt(chain.block));
    const index = Hyperparameters.SubnetEpochIndex.get(chain.state, netuid);
    chain.pass(TEMPO);
    expect(Hyperparameters.SubnetEpochIndex.get(chain.state, netuid)).toBe(index + 1n);
  });

  it("run at most so many per block; the others wait for the next one", () => {
    ok(chain.root("AdminUtils", "sudo_set_network_rate_limit", { rate_limit: 0n }));
    ok(chain.call(COLDKEY, SUBTENSOR, "register_network", { hotkey: account(0xd0) }));
    ok(chain.root("AdminUtils", "sudo_set_max_epochs_per_block", { max_epochs_per_block: 1 }));
    ok(chain.root("AdminUtils", "sudo_set_tempo", { netuid: 2, tempo: 20 }));
    ok(chain.root("AdminUtils", "sudo_set_tempo", { netuid: 3, tempo: 19 }));
    const due = chain.block + 19;
    chain.pass(19);
    expect(Hyperparameters.LastEpochBlock.get(chain.state, 2)).toBe(BigInt(due));
    expect(Hyperparameters.PendingEpochAt.get(chain.state, 3)).toBe(BigInt(due + 1));
    chain.pass(1);
    expect(Hyperparameters.LastEpochBlock.get(chain.state, 3)).toBe(BigInt(due + 1));
    expect(Hyperparameters.PendingEpochAt.get(chain.state, 3)).toBe(0n);
  });

  it("keep parameters from changing shortly before, also for root", () => {
    ok(chain.root("AdminUtils", "sudo_set_admin_freeze_window", { window: TEMPO }));
    expect(
      failure(chain.root("AdminUtils", "sudo_set_immunity_period", { netuid, immunity_period: 7 })),
    ).toBe("SubtensorModule.AdminActionProhibitedDuringWeightsWindow");
  });
});

describe("commitments", () => {
  beforeEach(openSubnet);

  it("keep a neuron's bytes, within its space per epoch", () => {
    startValidator();
    const commit = (who: Account, fields: unknown[]) =>
      chain.call(who, "Commitments", "set_commitment", { netuid, info: { fields } });
    expect(failure(commit(account(0xee), []))).toBe("Commitments.AccountNotAllowedCommit");
    ok(commit(VALIDATOR, [{ type: "Raw3", value: "0x010203" }]));
    expect(selectMetagraph(chain.state, netuid, [73]).commitments).toHaveLength(1);
    const big = [{ type: "BigRaw", value: new Uint8Array(512) }];
    ok(commit(VALIDATOR, [...big, ...big, ...big]));
    expect(failure(commit(VALIDATOR, [...big, ...big, ...big, ...big]))).toBe(
      "Commitments.TooManyFieldsInCommitmentInfo",
    );
    const results = Array.from({ length: 3 }, () => commit(VALIDATOR, [...big, ...big, ...big]));
    expect(results.some((result) => !result.ok && result.name === "Commitments.SpaceLimitExceeded")).toBe(
      true,
    );
  });
});

/** A subnet that runs, with a tempo that suits a test. */
function openSubnet(): void {
  ok(chain.root("AdminUtils", "sudo_set_admin_freeze_window", { window: 0 }));
  openTestSubnet(chain, netuid);
}

function register(hotkey: Account): void {
  ok(chain.call(COLDKEY, SUBTENSOR, "burned_register", { netuid, hotkey }));
}

/** Uid 1 with stake and, an epoch later, a permit. */
function startValidator(): void {
  register(VALIDATOR);
  const stake = { hotkey: VALIDATOR, netuid, amount_staked: 1000n * TAO };
  ok(chain.call(COLDKEY, SUBTENSOR, "add_stake", stake));
  chain.pass(TEMPO);
  expect(Neurons.ValidatorPermit.get(chain.state, netuid)[1]).toBe(true);
}

function setWeights(dests: number[], weights: number[]): void {
  ok(chain.call(VALIDATOR, SUBTENSOR, "set_weights", { netuid, dests, weights, version_key: 0n }));
}

function axon(change: Record<string, unknown>) {
  return {
    netuid: 2,
    version: 1,
    ip: 3_221_225_985n,
    port: 8091,
    ip_type: 4,
    protocol: 4,
    placeholder1: 0,
    placeholder2: 0,
    ...change,
  };
}

function failure(outcome: ReturnType<BareChain["call"]>): string {
  return outcome.ok ? "ok" : outcome.name;
}
