import { beforeEach, describe, expect, it } from "vitest";
import { QUICKNET, verifyPulse } from "../../../../shared/chain/timelock/beacon.ts";
import { timelockEncrypt } from "../../../../shared/chain/timelock/ciphertext.ts";
import { commitHash, storageIndexOf } from "../../../../shared/chain/timelock/commit-hash.ts";
import { planReveal, revealRound } from "../../../../shared/chain/timelock/reveal-round.ts";
import { encodePayload } from "../../../../shared/chain/timelock/weights-payload.ts";
import { hexToBytes } from "../../../types/hex.ts";
import { BareChain } from "../../bare-chain.ts";
import type { Account } from "../../dsl/context.ts";
import { CommitmentStorage } from "../commitment-storage.ts";
import { DEV_BEACON, devPulse } from "../drand/dev-beacon.ts";
import { Drand, DrandPrivate } from "../drand/drand-storage.ts";
import { addPulse } from "../drand/pulses.ts";
import { Timestamp } from "../timestamp.ts";
import { Commits } from "./commit-storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";

const OWNER = account(0xa0);
const HOTKEY = account(0xa1);
const MINER = account(0xc1);
const SUBTENSOR = "SubtensorModule";
const NETUID = 2;
const SLOT_MS = 1_000;
const TEMPO = 20;
const SALT = [1, 2, 3];
const WEIGHTS = { uids: [0, 1], values: [65_535, 100] };

let chain: BareChain;

beforeEach(() => {
  chain = new BareChain({ balances: [{ account: OWNER, rao: 10n ** 16n }], sudo: OWNER, slotMs: SLOT_MS });
  ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey: HOTKEY }));
  ok(chain.call(OWNER, SUBTENSOR, "start_call", { netuid: NETUID }));
  ok(chain.call(OWNER, SUBTENSOR, "burned_register", { netuid: NETUID, hotkey: MINER }));
  admin("sudo_set_weights_set_rate_limit", { netuid: NETUID, weights_set_rate_limit: 0n });
  admin("sudo_set_min_allowed_weights", { netuid: NETUID, min_allowed_weights: 1 });
  admin("sudo_set_tempo", { netuid: NETUID, tempo: TEMPO });
  admin("sudo_set_admin_freeze_window", { window: 0 });
  toNextEpoch();
});

describe("weights behind a hash", () => {
  it.each([0, 1])("are set by who commits and reveals them in time (mechanism %i)", (mecid) => {
    addMechanism();
    const index = storageIndexOf(NETUID, mecid);
    ok(commitByHash(mecid));
    expect(Commits.WeightCommits.get(chain.state, index, HOTKEY)).toHaveLength(1);
    expect(Neurons.LastUpdate.get(chain.state, index)[0]).toBe(BigInt(chain.block));
    expect(failure(reveal(mecid))).toBe("SubtensorModule.RevealTooEarly");
    toNextEpoch();
    const updated = Neurons.LastUpdate.get(chain.state, index)[0];
    ok(reveal(mecid));
    expect(row(mecid)).toEqual([
      [0, 65_535],
      [1, 100],
    ]);
    expect(Neurons.LastUpdate.get(chain.state, index)[0]).toBe(updated);
    expect(Commits.WeightCommits.exists(chain.state, index, HOTKEY)).toBe(false);
  });

  it("are lost when they are revealed an epoch late", () => {
    ok(commitByHash(0));
    toNextEpoch();
    toNextEpoch();
    expect(failure(reveal(0))).toBe("SubtensorModule.RevealTooEarly"); // the guard's word for every wrong epoch
    expect(row(0)).toEqual([]);
  });

  it("give up earlier commits, and keep later ones", () => {
    ok(commitByHash(0, [9]));
    ok(commitByHash(0, [10]));
    ok(commitByHash(0, [11]));
    toNextEpoch();
    ok(reveal(0, [10]));
    expect(failure(reveal(0, [9]))).toBe("SubtensorModule.NoWeightsCommitFound");
    ok(reveal(0, [11]));
  });

  it("open together, or none of them", () => {
    ok(commitByHash(0, [9]));
    ok(commitByHash(0, [10]));
    toNextEpoch();
    const batch = (salts: number[][]) => ({
      netuid: NETUID,
      uids_list: salts.map(() => WEIGHTS.uids),
      values_list: salts.map(() => WEIGHTS.values),
      salts_list: salts,
      version_keys: salts.map(() => 0n),
    });
    const send = (salts: number[][]) => chain.call(HOTKEY, SUBTENSOR, "batch_reveal_weights", batch(salts));
    expect(failure(send([[9], [8]]))).toBe("SubtensorModule.NoWeightsCommitFound");
    ok(send([[9], [10]]));
    expect(Commits.WeightCommits.exists(chain.state, NETUID, HOTKEY)).toBe(false);
    const unequal = { ...batch([[9]]), salts_list: [] };
    expect(failure(chain.call(HOTKEY, SUBTENSOR, "batch_reveal_weights", unequal))).toBe(
      "SubtensorModule.InputLengthsUnequal",
    );
  });

  it("are refused in the chain's order", () => {
    expect(failure(commitByHash(3))).toBe("SubtensorModule.MechanismDoesNotExist");
    const stranger = { netuid: NETUID, commit_hash: account(1) };
    expect(failure(chain.call(account(0xee), SUBTENSOR, "commit_weights", stranger))).toBe(
      "SubtensorModule.HotKeyNotRegisteredInSubNet",
    );
    for (let i = 0; i < 10; i++) ok(commitByHash(0, [i]));
    expect(failure(commitByHash(0, [10]))).toBe("SubtensorModule.TooManyUnrevealedCommits");
    admin("sudo_set_weights_set_rate_limit", { netuid: NETUID, weights_set_rate_limit: 50n });
    expect(failure(commitByHash(0, [10]))).toBe("SubtensorModule.CommittingWeightsTooFast");
    admin("sudo_set_weights_set_rate_limit", { netuid: NETUID, weights_set_rate_limit: 0n });
    admin("sudo_set_commit_reveal_weights_enabled", { netuid: NETUID, enabled: false });
    expect(failure(commitByHash(0))).toBe("SubtensorModule.CommitRevealDisabled");
  });

  it("of several subnets are committed as far as they may be", () => {
    const hash = commitHash(hexToBytes(HOTKEY), NETUID, WEIGHTS, SALT, 0n);
    const batch = { netuids: [NETUID, 1], commit_hashes: [hash, hash] };
    ok(chain.call(HOTKEY, SUBTENSOR, "batch_commit_weights", batch));
    expect(Commits.WeightCommits.get(chain.state, NETUID, HOTKEY)).toHaveLength(1);
    expect(Commits.WeightCommits.exists(chain.state, 1, HOTKEY)).toBe(false);
    const set = { netuids: [NETUID], weights: [[[0, 1]]], version_keys: [0n] };
    ok(chain.call(HOTKEY, SUBTENSOR, "batch_set_weights", set));
    expect(row(0)).toEqual([]); // it has to be committed
    admin("sudo_set_commit_reveal_weights_enabled", { netuid: NETUID, enabled: false });
    ok(chain.call(HOTKEY, SUBTENSOR, "batch_set_weights", set));
    expect(row(0)).toEqual([[0, 65_535]]);
  });
});

describe("weights behind a timelock", () => {
  it.each([0, 1])("become visible by themselves in the epoch they are for (mechanism %i)", (mecid) => {
    addMechanism();
    const { firstRevealBlock, round } = plan();
    ok(commitTimelocked({ mecid, round }));
    expect(row(mecid)).toEqual([]);
    chain.pass(firstRevealBlock - chain.block - 1);
    expect(row(mecid)).toEqual([]);
    chain.pass(4);
    expect(row(mecid)).toEqual([
      [0, 65_535],
      [1, 100],
    ]);
    expect([...Commits.TimelockedWeightCommits.entries(chain.state, storageIndexOf(NETUID, mecid))]).toEqual(
      [],
    );
  });

  it("wait as many epochs as the subnet says", () => {
    admin("sudo_set_commit_reveal_weights_interval", { netuid: NETUID, interval: 2n });
    const { firstRevealBlock, round } = plan(2);
    ok(commitTimelocked({ round }));
    chain.pass(firstRevealBlock - chain.block - 1);
    expect(row(0)).toEqual([]);
    chain.pass(4);
    expect(row(0)).not.toEqual([]);
  });

  it("are signed for by the chain's beacon when they are due, and by nobody else", () => {
    const { round } = plan();
    ok(commitTimelocked({ round }));
    expect(DrandPrivate.AwaitedRounds.get(chain.state)).toEqual([BigInt(round)]);
    chain.pass(2 * TEMPO);
    const stored = [...Drand.Pulses.entries(chain.state)];
    expect(stored.map(([[of]]) => of)).toEqual([BigInt(round)]);
    const { signature } = stored[0]![1];
    expect(verifyPulse(DEV_BEACON, { round, signature })).toBe(true);
    expect(verifyPulse(QUICKNET, { round, signature })).toBe(false);
    expect(Drand.LastStoredRound.get(chain.state)).toBeGreaterThan(BigInt(round));
  });

  it("that were encrypted to another beacon wait for its pulse, or are forgotten after their epoch", () => {
    const stranger = { ...DEV_BEACON, publicKey: QUICKNET.publicKey };
    ok(commitTimelocked({ round: plan().round, beacon: stranger }));
    toNextEpoch();
    chain.pass(5);
    expect(entries()).toBe(1);
    toNextEpoch();
    chain.pass(1);
    expect(entries()).toBe(0);
    expect(row(0)).toEqual([]);
  });

  it("open by a pulse of the public network that is put in place of the chain's own", () => {
    const round = 1_000; // the newest whose pulse is known off line
    const signature = hexToBytes(
      "0xb44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    );
    expect(verifyPulse(QUICKNET, { round, signature })).toBe(true);
    ok(commitTimelocked({ round: plan().round, beacon: QUICKNET, encryptTo: round }));
    const [key, [entry]] = [...Commits.TimelockedWeightCommits.entries(chain.state, NETUID)][0]!;
    chain.state.block(() => {
      Commits.TimelockedWeightCommits.put(chain.state, ...key, [[entry![0], entry![1], entry![2], 1_000n]]);
      addPulse(chain.state, { round, signature });
    });
    toNextEpoch();
    expect(row(0)).not.toEqual([]);
  });

  it("of another hotkey cannot be copied", () => {
    const { round } = plan();
    ok(commitTimelocked({ round, owner: MINER }));
    toNextEpoch();
    chain.pass(5);
    expect(row(0)).toEqual([]);
    expect(entries()).toBe(0);
  });

  it("in the older layout without an owner are still read", () => {
    ok(commitTimelocked({ round: plan().round, owner: undefined }));
    toNextEpoch();
    chain.pass(4);
    expect(row(0)).not.toEqual([]);
  });

  it("that are damaged are dropped, and nobody else loses theirs", () => {
    const { round } = plan();
    ok(commitTimelocked({ round, bytes: new Uint8Array(300) }));
    ok(commitTimelocked({ round }));
    toNextEpoch();
    chain.pass(4);
    expect(entries()).toBe(0);
    expect(row(0)).not.toEqual([]);
  });

  it("are refused in the chain's order", () => {
    const { round } = plan();
    expect(failure(commitTimelocked({ round, version: 3 }))).toBe(
      "SubtensorModule.IncorrectCommitRevealVersion",
    );
    expect(failure(commitTimelocked({ round, mecid: 5 }))).toBe("SubtensorModule.MechanismDoesNotExist");
    const past = Number(Drand.LastStoredRound.get(chain.state)) - 1;
    expect(failure(commitTimelocked({ round: past }))).toBe("SubtensorModule.InvalidRevealRound");
    admin("sudo_set_commit_reveal_version", { version: 5 });
    expect(failure(commitTimelocked({ round: plan().round }))).toBe(
      "SubtensorModule.IncorrectCommitRevealVersion",
    );
    const older = {
      netuid: NETUID,
      mecid: 0,
      commit: new Uint8Array(300),
      reveal_round: BigInt(plan().round),
    };
    expect(failure(chain.call(HOTKEY, SUBTENSOR, "commit_crv3_mechanism_weights", older))).toBe(
      "SubtensorModule.IncorrectCommitRevealVersion",
    );
    admin("sudo_set_commit_reveal_version", { version: 4 });
    ok(chain.call(HOTKEY, SUBTENSOR, "commit_crv3_mechanism_weights", older));
  });

  it("do not reach a uid whose owner came after the commit", () => {
    ok(commitTimelocked({ round: plan().round }));
    const newcomer = account(0xc2);
    ok(chain.call(OWNER, SUBTENSOR, "burned_register", { netuid: NETUID, hotkey: newcomer }));
    chain.state.block(() =>
      Neurons.Weights.put(chain.state, NETUID, 0, [
        [1, 65_535],
        [2, 65_535],
      ]),
    );
    chain.state.block(() => Neurons.LastUpdate.put(chain.state, NETUID, [BigInt(chain.block + 1), 0n, 0n]));
    toNextEpoch();
    const incentive = Neurons.Incentive.get(chain.state, NETUID);
    expect(incentive[1]).toBeGreaterThan(0);
    expect(incentive[2] ?? 0).toBe(0);
  });
});

describe("a commitment that opens later", () => {
  it("is read from the chain once its round is out", () => {
    const { round } = plan();
    const encrypted = timelockEncrypt(new TextEncoder().encode("hello"), round, DEV_BEACON);
    const field = { type: "TimelockEncrypted", value: { encrypted, reveal_round: BigInt(round) } };
    const fields = [{ type: "Raw1", value: "0x07" }, field];
    ok(chain.call(HOTKEY, "Commitments", "set_commitment", { netuid: NETUID, info: { fields } }));
    expect(CommitmentStorage.TimelockedIndex.get(chain.state)).toEqual([[NETUID, HOTKEY]]);
    chain.pass(2 * TEMPO);
    const revealed = CommitmentStorage.RevealedCommitments.get(chain.state, NETUID, HOTKEY)!;
    expect(new TextDecoder().decode(revealed[0]![0])).toBe("hello");
    expect(CommitmentStorage.CommitmentOf.get(chain.state, NETUID, HOTKEY)!.info.fields).toHaveLength(1);
    expect(CommitmentStorage.TimelockedIndex.get(chain.state)).toEqual([]);
  });
});

describe("the beacon of a local chain", () => {
  it("has the public key that belongs to its secret", () => {
    const pulse = devPulse(5);
    expect(verifyPulse(DEV_BEACON, pulse)).toBe(true);
    expect(verifyPulse(DEV_BEACON, { ...pulse, round: 6 })).toBe(false);
  });
});

function plan(revealPeriod = 1): { firstRevealBlock: number; round: number } {
  const s = chain.state;
  const counters = {
    block: chain.block,
    tempo: Hyperparameters.Tempo.get(s, NETUID),
    lastEpochBlock: Number(Hyperparameters.LastEpochBlock.get(s, NETUID)),
    pendingEpochAt: Number(Hyperparameters.PendingEpochAt.get(s, NETUID)),
    epochIndex: Number(Hyperparameters.SubnetEpochIndex.get(s, NETUID)),
    blocksSinceLastStep: Number(Hyperparameters.BlocksSinceLastStep.get(s, NETUID)),
  };
  const { firstRevealBlock } = planReveal(counters, revealPeriod)!;
  const nowSeconds = Number(Timestamp.Now.get(s)) / 1_000;
  const at = { block: chain.block, nowSeconds, blockSeconds: SLOT_MS / 1_000 };
  return { firstRevealBlock, round: revealRound(DEV_BEACON, firstRevealBlock, at) };
}

type Timelocked = {
  round: number;
  encryptTo?: number;
  mecid?: number;
  version?: number;
  owner?: Account | undefined;
  beacon?: typeof DEV_BEACON;
  bytes?: Uint8Array;
};

function commitTimelocked({ round, mecid = 0, version = 4, beacon = DEV_BEACON, ...rest }: Timelocked) {
  const owner = "owner" in rest ? rest.owner : HOTKEY;
  const payload = encodePayload({ ...WEIGHTS, hotkey: owner && hexToBytes(owner), versionKey: 0n });
  const commit = rest.bytes ?? timelockEncrypt(payload, rest.encryptTo ?? round, beacon);
  return chain.call(HOTKEY, SUBTENSOR, "commit_timelocked_mechanism_weights", {
    netuid: NETUID,
    mecid,
    commit,
    reveal_round: BigInt(round),
    commit_reveal_version: version,
  });
}

function commitByHash(mecid: number, salt = SALT) {
  const hash = commitHash(hexToBytes(HOTKEY), storageIndexOf(NETUID, mecid), WEIGHTS, salt, 0n);
  return chain.call(HOTKEY, SUBTENSOR, "commit_mechanism_weights", {
    netuid: NETUID,
    mecid,
    commit_hash: hash,
  });
}

function reveal(mecid: number, salt = SALT) {
  const args = { netuid: NETUID, mecid, ...WEIGHTS, salt, version_key: 0n };
  return chain.call(HOTKEY, SUBTENSOR, "reveal_mechanism_weights", args);
}

function row(mecid: number) {
  return Neurons.Weights.get(chain.state, storageIndexOf(NETUID, mecid), 0);
}

function entries(): number {
  return [...Commits.TimelockedWeightCommits.entries(chain.state, NETUID)].flatMap(([, all]) => all).length;
}

function addMechanism(): void {
  chain.state.block(() => {
    Hyperparameters.MechanismCountCurrent.put(chain.state, NETUID, 2);
    Neurons.LastUpdate.put(chain.state, storageIndexOf(NETUID, 1), [0n, 0n]);
  });
}

function toNextEpoch(): void {
  const before = Hyperparameters.SubnetEpochIndex.get(chain.state, NETUID);
  while (Hyperparameters.SubnetEpochIndex.get(chain.state, NETUID) === before) chain.pass(1);
}

function admin(call: string, args: Record<string, unknown>): void {
  ok(chain.root("AdminUtils", call, args));
}

function account(byte: number): Account {
  return `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
}

type Outcome = ReturnType<BareChain["call"]>;

function ok(outcome: Outcome): void {
  expect(outcome).toMatchObject({ ok: true });
}

function failure(outcome: Outcome): string {
  return outcome.ok ? "it succeeded" : outcome.name;
}
