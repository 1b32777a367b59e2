import type { Hex, Netuid } from "../../../../shared/types.ts";
import { blake2b256 } from "../../../state/hashing.ts";
import type { Reader } from "../../../state/store.ts";
import { bytesToHex } from "../../../types/hex.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { awaitRound } from "../drand/pulses.ts";
import { Commits, type HashCommit } from "./commit-storage.ts";
import { currentEpoch } from "./epoch-clock.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { isWithinWeightsRateLimit, setLastUpdate } from "./set-weights.ts";
import { storageIndex, subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** Unrevealed commits of a hotkey; of timelocked ones, per epoch. */
const MAX_UNREVEALED = 10;

/** What `commit_timelocked_weights` is given. */
export type TimelockedSubmission = {
  commit: Uint8Array;
  reveal_round: bigint;
  commit_reveal_version: number;
};

/** Commit to the hash of a weight vector, which its owner must reveal in time. */
export function commitWeights(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  mechanism: number,
  hash: Hex,
): void {
  const { store: s } = c;
  ensureMechanism(s, netuid, mechanism);
  ensure(Hyperparameters.CommitRevealWeightsEnabled.get(s, netuid), errors.is.CommitRevealDisabled);
  const { index, uid } = ensureMayCommit(c, hotkey, netuid, mechanism);

  const open = dropExpired(c, netuid, Commits.WeightCommits.get(s, index, hotkey) ?? []).open;
  ensure(open.length < MAX_UNREVEALED, errors.is.TooManyUnrevealedCommits);
  const commit: HashCommit = [hash, currentEpoch(c, netuid), BigInt(c.block), 0n];
  Commits.WeightCommits.put(s, index, hotkey, [...open, commit]);
  c.deposit(events.make.WeightsCommitted([hotkey, index, hash]));
  setLastUpdate(c, index, uid);
}

/** Commit to an encrypted weight vector, which the chain reveals by itself. Nothing in it is looked at now. */
export function commitTimelockedWeights(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  mechanism: number,
  { commit, reveal_round, commit_reveal_version }: TimelockedSubmission,
): void {
  const { store: s } = c;
  ensureMechanism(s, netuid, mechanism);
  ensure(Hyperparameters.CommitRevealWeightsEnabled.get(s, netuid), errors.is.CommitRevealDisabled);
  const version = Hyperparameters.CommitRevealWeightsVersion.get(s);
  ensure(commit_reveal_version === version, errors.is.IncorrectCommitRevealVersion);
  const { index, uid } = ensureMayCommit(c, hotkey, netuid, mechanism);

  const epoch = currentEpoch(c, netuid);
  const entries = Commits.TimelockedWeightCommits.get(s, index, epoch);
  const own = entries.filter(([who]) => who === hotkey).length;
  ensure(own < MAX_UNREVEALED, errors.is.TooManyUnrevealedCommits);
  const entry = [hotkey, BigInt(c.block), commit, reveal_round] as const;
  Commits.TimelockedWeightCommits.put(s, index, epoch, [...entries, [...entry]]);
  awaitRound(c, reveal_round);
  const hash = bytesToHex(blake2b256(commit));
  c.deposit(events.make.TimelockedWeightsCommitted([hotkey, index, hash, reveal_round]));
  setLastUpdate(c, index, uid);
}

/** Has the epoch passed in which a commit could be revealed? */
export function isExpired(c: Context, netuid: Netuid, commitEpoch: bigint): boolean {
  return currentEpoch(c, netuid) > commitEpoch + Hyperparameters.RevealPeriodEpochs.get(c.store, netuid);
}

/** Is this the epoch in which a commit can be revealed? */
export function isRevealEpoch(c: Context, netuid: Netuid, commitEpoch: bigint): boolean {
  return currentEpoch(c, netuid) === commitEpoch + Hyperparameters.RevealPeriodEpochs.get(c.store, netuid);
}

/** Expired commits go from the front of the queue, up to the first that is not. */
export function dropExpired(
  c: Context,
  netuid: Netuid,
  commits: readonly HashCommit[],
): { open: HashCommit[]; expired: Hex[] } {
  const found = commits.findIndex(([, epoch]) => !isExpired(c, netuid, epoch));
  const first = found === -1 ? commits.length : found;
  return { open: commits.slice(first), expired: commits.slice(0, first).map(([hash]) => hash) };
}

function ensureMechanism(s: Reader, netuid: Netuid, mechanism: number): void {
  const exists = subnetExists(s, netuid) && mechanism < Hyperparameters.MechanismCountCurrent.get(s, netuid);
  ensure(exists, errors.is.MechanismDoesNotExist);
}

function ensureMayCommit(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  mechanism: number,
): { index: number; uid: number } {
  const uid = Neurons.Uids.get(c.store, netuid, hotkey);
  ensure(uid !== undefined, errors.is.HotKeyNotRegisteredInSubNet);
  const index = storageIndex(netuid, mechanism);
  ensure(isWithinWeightsRateLimit(c, netuid, index, uid), errors.is.CommittingWeightsTooFast);
  return { index, uid };
}
