import { tuple, vec } from "../../../types/composites.ts";
import { CompactU16, CompactU64, U8, U16, U64 } from "../../../types/primitives.ts";
import { H256 } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { batchCommitWeights, batchSetWeights } from "./batch-weights.ts";
import { TimelockedCommit } from "./commit-storage.ts";
import { commitTimelockedWeights, commitWeights } from "./commit-weights.ts";
import { batchRevealWeights, revealWeights } from "./reveal-weights.ts";
import { setWeights } from "./set-weights.ts";
import { errors } from "./subtensor-id.ts";
import { NetUid } from "./subtensor-types.ts";

const MechId = named("MechId", U8);
const Hash = named("H256", H256);
const Netuids = named("Vec<Compact<NetUid>>", vec(CompactU16));
const Pairs = named("Vec<Vec<(Compact<u16>, Compact<u16>)>>", vec(vec(tuple(CompactU16, CompactU16))));
const VersionKeys = named("Vec<Compact<u64>>", vec(CompactU64));

const vector = { dests: vec(U16), weights: vec(U16), version_key: U64 };
const revealed = { uids: vec(U16), values: vec(U16), salt: vec(U16), version_key: U64 };
const timelocked = { commit: TimelockedCommit, reveal_round: U64 };

/** The only version that `commit_crv3_mechanism_weights`, which cannot name one, speaks for. */
const OLDER_VERSION = 4;

/** What a validator says of others: in the open, behind a hash, or behind a timelock. All of it costs nothing. */
export const weightCalls = {
  set_weights: call({
    index: 0,
    args: { netuid: NetUid, ...vector },
    weight: weight(118_513_610_000n, 10_327_410n),
    pays: "No",
    run(c, { netuid, dests, weights, version_key }) {
      const submitted = { uids: dests, values: weights, versionKey: version_key };
      setWeights(c, ensureSigned(c.origin), netuid, 0, submitted);
    },
  }),
  set_mechanism_weights: call({
    index: 119,
    args: { netuid: NetUid, mecid: MechId, ...vector },
    weight: weight(118_515_000_000n),
    pays: "No",
    run(c, { netuid, mecid, dests, weights, version_key }) {
      const submitted = { uids: dests, values: weights, versionKey: version_key };
      setWeights(c, ensureSigned(c.origin), netuid, mecid, submitted);
    },
  }),
  batch_set_weights: call({
    index: 80,
    args: { netuids: Netuids, weights: Pairs, version_keys: VersionKeys },
    weight: weight(703_092_000n, 7_395n),
    pays: "No",
    run(c, { netuids, weights, version_keys }) {
      batchSetWeights(c, ensureSigned(c.origin), netuids, weights, version_keys);
    },
  }),
  commit_weights: call({
    index: 96,
    args: { netuid: NetUid, commit_hash: Hash },
    weight: weight(594_049_000n, 4_714n),
    pays: "No",
    run(c, { netuid, commit_hash }) {
      commitWeights(c, ensureSigned(c.origin), netuid, 0, commit_hash);
    },
  }),
  commit_mechanism_weights: call({
    index: 115,
    args: { netuid: NetUid, mecid: MechId, commit_hash: Hash },
    weight: weight(430_130_000n),
    pays: "No",
    run(c, { netuid, mecid, commit_hash }) {
      commitWeights(c, ensureSigned(c.origin), netuid, mecid, commit_hash);
    },
  }),
  batch_commit_weights: call({
    index: 100,
    args: { netuids: Netuids, commit_hashes: named("Vec<H256>", vec(H256)) },
    weight: weight(722_224_000n, 4_765n),
    pays: "No",
    run(c, { netuids, commit_hashes }) {
      batchCommitWeights(c, ensureSigned(c.origin), netuids, commit_hashes);
    },
  }),
  reveal_weights: call({
    index: 97,
    args: { netuid: NetUid, ...revealed },
    weight: weight(786_227_000n, 7_590n),
    pays: "No",
    run(c, { netuid, version_key, ...weights }) {
      revealWeights(c, ensureSigned(c.origin), netuid, 0, { ...weights, versionKey: version_key });
    },
  }),
  reveal_mechanism_weights: call({
    index: 116,
    args: { netuid: NetUid, mecid: MechId, ...revealed },
    weight: weight(722_000_000n),
    pays: "No",
    run(c, { netuid, mecid, version_key, ...weights }) {
      revealWeights(c, ensureSigned(c.origin), netuid, mecid, { ...weights, versionKey: version_key });
    },
  }),
  batch_reveal_weights: call({
    index: 98,
    args: {
      netuid: NetUid,
      uids_list: vec(vec(U16)),
      values_list: vec(vec(U16)),
      salts_list: vec(vec(U16)),
      version_keys: vec(U64),
    },
    weight: weight(1_096_363_000n, 8_095n),
    pays: "No",
    run(c, { netuid, uids_list, values_list, salts_list, version_keys }) {
      const lengths = [values_list, salts_list, version_keys].map(({ length }) => length);
      ensure(
        lengths.every((length) => length === uids_list.length),
        errors.is.InputLengthsUnequal,
      );
      const reveals = uids_list.map((uids, i) => ({
        uids,
        values: values_list[i]!,
        salt: salts_list[i]!,
        versionKey: version_keys[i]!,
      }));
      batchRevealWeights(c, ensureSigned(c.origin), netuid, reveals);
    },
  }),
  commit_timelocked_weights: call({
    index: 113,
    args: { netuid: NetUid, ...timelocked, commit_reveal_version: U16 },
    weight: weight(636_951_000n, 4_713n),
    pays: "No",
    run(c, { netuid, ...submission }) {
      commitTimelockedWeights(c, ensureSigned(c.origin), netuid, 0, submission);
    },
  }),
  commit_timelocked_mechanism_weights: call({
    index: 118,
    args: { netuid: NetUid, mecid: MechId, ...timelocked, commit_reveal_version: U16 },
    weight: weight(509_020_000n),
    pays: "No",
    run(c, { netuid, mecid, ...submission }) {
      commitTimelockedWeights(c, ensureSigned(c.origin), netuid, mecid, submission);
    },
  }),
  commit_crv3_mechanism_weights: call({
    index: 117,
    args: { netuid: NetUid, mecid: MechId, ...timelocked },
    weight: weight(452_750_000n),
    pays: "No",
    run(c, { netuid, mecid, ...submission }) {
      const versioned = { ...submission, commit_reveal_version: OLDER_VERSION };
      commitTimelockedWeights(c, ensureSigned(c.origin), netuid, mecid, versioned);
    },
  }),
};
