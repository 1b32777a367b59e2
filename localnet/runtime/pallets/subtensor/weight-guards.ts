import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Drand } from "../drand/drand-storage.ts";
import { Commits } from "./commit-storage.ts";
import { isRevealEpoch } from "./commit-weights.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hashOf, type Revealed } from "./reveal-weights.ts";
import { ensureWeightStake, isWithinWeightsRateLimit } from "./set-weights.ts";
import { storageIndex } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";

/** Arguments of the calls below, of which each has some. */
type WeightArgs = {
  netuid: Netuid;
  netuids: Netuid[];
  mecid?: number;
  commit_hashes: unknown[];
  weights: unknown[];
  version_keys: bigint[];
  uids: number[];
  values: number[];
  salt: number[];
  version_key: bigint;
  uids_list: number[][];
  values_list: number[][];
  salts_list: number[][];
  reveal_round: bigint;
};

const BATCHES_OF_SUBNETS = new Set(["batch_set_weights", "batch_commit_weights"]);
const WEIGHT_CALLS = new Set([
  ...BATCHES_OF_SUBNETS,
  "set_weights",
  "set_mechanism_weights",
  "commit_weights",
  "commit_mechanism_weights",
  "reveal_weights",
  "reveal_mechanism_weights",
  "batch_reveal_weights",
  "commit_timelocked_weights",
  "commit_timelocked_mechanism_weights",
  "commit_crv3_mechanism_weights",
]);

/** Lengths, stake, what a reveal opens, whether a round is still to come: the chain's order. */
export function checkWeights(c: Context, signer: Account, name: string, given: unknown): void {
  if (!WEIGHT_CALLS.has(name)) return;
  const args = given as WeightArgs;
  ensure(hasEqualLengths(name, args), errors.is.InputLengthsUnequal);
  const netuids = BATCHES_OF_SUBNETS.has(name) ? args.netuids : [args.netuid];
  for (const netuid of netuids) ensureWeightStake(c, signer, netuid);
  for (const reveal of revealsOf(name, args))
    ensureRevealable(c, signer, args.netuid, args.mecid ?? 0, reveal);
  if (args.reveal_round !== undefined) {
    ensure(args.reveal_round >= Drand.LastStoredRound.get(c.store), errors.is.InvalidRevealRound);
  }
}

/** A hotkey that is not registered passes here: the call refuses it by name. */
export function checkWeightsRate(c: Context, signer: Account, name: string, given: unknown): void {
  const { netuid, mecid = 0 } = given as WeightArgs;
  const sets = name === "set_weights" || name === "set_mechanism_weights";
  const commits = name === "commit_weights" || name === "commit_mechanism_weights";
  if (!sets && !commits) return;
  if (sets && Hyperparameters.CommitRevealWeightsEnabled.get(c.store, netuid)) return;
  const uid = Neurons.Uids.get(c.store, netuid, signer);
  if (uid === undefined) return;
  const error = sets ? errors.is.SettingWeightsTooFast : errors.is.CommittingWeightsTooFast;
  ensure(isWithinWeightsRateLimit(c, netuid, storageIndex(netuid, mecid), uid), error);
}

function hasEqualLengths(name: string, args: WeightArgs): boolean {
  const columns: { length: number }[] =
    name === "batch_commit_weights"
      ? [args.netuids, args.commit_hashes]
      : name === "batch_set_weights"
        ? [args.netuids, args.weights, args.version_keys]
        : name === "batch_reveal_weights"
          ? [args.uids_list, args.values_list, args.salts_list, args.version_keys]
          : [];
  return columns.every(({ length }) => length === columns[0]!.length);
}

function revealsOf(name: string, args: WeightArgs): Revealed[] {
  if (name === "reveal_weights" || name === "reveal_mechanism_weights") {
    return [{ ...args, versionKey: args.version_key }];
  }
  if (name !== "batch_reveal_weights") return [];
  return args.uids_list.map((uids, i) => ({
    uids,
    values: args.values_list[i]!,
    salt: args.salts_list[i]!,
    versionKey: args.version_keys[i]!,
  }));
}

function ensureRevealable(
  c: Context,
  signer: Account,
  netuid: Netuid,
  mechanism: number,
  revealed: Revealed,
): void {
  const index = storageIndex(netuid, mechanism);
  const commits = Commits.WeightCommits.get(c.store, index, signer);
  const hash = hashOf(signer, index, revealed);
  const found = commits?.find(([committed]) => committed === hash);
  ensure(found !== undefined, errors.is.NoWeightsCommitFound);
  ensure(isRevealEpoch(c, netuid, found[1]), errors.is.RevealTooEarly);
}
