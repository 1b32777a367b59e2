import type { Hex, Netuid } from "../../../../shared/types.ts";
import { blake2b256 } from "../../../state/hashing.ts";
import { tuple, vec } from "../../../types/composites.ts";
import { bytesToHex } from "../../../types/hex.ts";
import { U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { Commits, type HashCommit } from "./commit-storage.ts";
import { dropExpired, isRevealEpoch } from "./commit-weights.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { type SubmittedWeights, storeWeights } from "./set-weights.ts";
import { storageIndex } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** What a hash commit was made from. */
export type Revealed = SubmittedWeights & { salt: readonly number[] };

const Committed = tuple(AccountId, U16, vec(U16), vec(U16), vec(U16), U64);

/** The hash a commit must have had. */
export function hashOf(hotkey: Account, index: number, { uids, values, salt, versionKey }: Revealed): Hex {
  return bytesToHex(
    blake2b256(Committed.encode([hotkey, index, [...uids], [...values], [...salt], versionKey])),
  );
}

/** Open one commit. Those before it are given up with it. */
export function revealWeights(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  mechanism: number,
  revealed: Revealed,
): void {
  const index = storageIndex(netuid, mechanism);
  const hash = hashOf(hotkey, index, revealed);
  const { open, expired } = openCommits(c, hotkey, netuid, index);
  if (open.length === 0)
    fail(expired.includes(hash) ? errors.is.ExpiredWeightCommit : errors.is.NoWeightsCommitFound);
  const position = findDue(c, netuid, hash, open, expired);
  putCommits(c, hotkey, index, open.slice(position + 1));
  storeWeights(c, hotkey, netuid, mechanism, revealed);
  c.deposit(events.make.WeightsRevealed([hotkey, index, hash]));
}

/** Open several commits of the main mechanism: all of them, or none. */
export function batchRevealWeights(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  reveals: readonly Revealed[],
): void {
  const index = storageIndex(netuid, 0);
  const { open, expired } = openCommits(c, hotkey, netuid, index);
  const hashes = reveals.map((revealed) => hashOf(hotkey, index, revealed));
  for (const hash of hashes) findDue(c, netuid, hash, open, expired);
  for (const [i, hash] of hashes.entries()) {
    open.splice(findDue(c, netuid, hash, open, expired), 1);
    storeWeights(c, hotkey, netuid, 0, reveals[i]!);
  }
  putCommits(c, hotkey, index, open);
  c.deposit(events.make.WeightsBatchRevealed([hotkey, netuid, hashes]));
}

function openCommits(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  index: number,
): { open: HashCommit[]; expired: Hex[] } {
  ensure(Hyperparameters.CommitRevealWeightsEnabled.get(c.store, netuid), errors.is.CommitRevealDisabled);
  const commits = Commits.WeightCommits.get(c.store, index, hotkey);
  ensure(commits !== undefined, errors.is.NoWeightsCommitFound);
  return dropExpired(c, netuid, commits);
}

/** Where the commit is that has this hash and is due now. */
function findDue(
  c: Context,
  netuid: Netuid,
  hash: Hex,
  open: readonly HashCommit[],
  expired: readonly Hex[],
): number {
  const position = open.findIndex(([committed]) => committed === hash);
  if (position === -1) {
    fail(expired.includes(hash) ? errors.is.ExpiredWeightCommit : errors.is.InvalidRevealCommitHashNotMatch);
  }
  ensure(isRevealEpoch(c, netuid, open[position]![1]), errors.is.RevealTooEarly);
  return position;
}

function putCommits({ store: s }: Context, hotkey: Account, index: number, commits: HashCommit[]): void {
  if (commits.length === 0) Commits.WeightCommits.remove(s, index, hotkey);
  else Commits.WeightCommits.put(s, index, hotkey, commits);
}
