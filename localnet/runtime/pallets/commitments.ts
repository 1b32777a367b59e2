import type { Netuid } from "../../../shared/types.ts";
import type { Store } from "../../state/store.ts";
import { U32, U64 } from "../../types/primitives.ts";
import { named } from "../../types/type-node.ts";
import { call, weight } from "../dsl/calls.ts";
import { type Account, type Context, ensureRoot, ensureSigned } from "../dsl/context.ts";
import { ensure, errorsOf } from "../dsl/errors.ts";
import { constant, type Pallet } from "../dsl/pallet.ts";
import { CommitmentStorage, commitmentsId } from "./commitment-storage.ts";
import { type CommitmentField, CommitmentInfo, timelockedOf } from "./commitment-types.ts";
import { awaitRound } from "./drand/pulses.ts";
import { commitmentEvents, markClosed, revealCommitments } from "./reveal-commitments.ts";
import { Hyperparameters } from "./subtensor/hyperparameter-storage.ts";
import { Neurons } from "./subtensor/neuron-storage.ts";
import { storageIndexes } from "./subtensor/subnets.ts";
import { NetUid } from "./subtensor/subtensor-types.ts";

/** Fields of one commitment. */
const MAX_FIELDS = 3;
/** Bytes that every commitment counts at least. */
const MIN_SPACE = 100n;
/** Bytes of a `BigRaw` field. */
const MAX_BIG_RAW = 512;
/** Bytes of a field that opens later. */
const MAX_TIMELOCKED = 1024;
const HASH_FIELDS = new Set(["BlakeTwo256", "Sha256", "Keccak256", "ShaThree256"]);

const errors = errorsOf(commitmentsId, {
  TooManyFieldsInCommitmentInfo: 0,
  AccountNotAllowedCommit: 1,
  SpaceLimitExceeded: 2,
  UnexpectedUnreserveLeftover: 3,
});

/** A few bytes per hotkey and subnet that everybody may read. */
export const commitments: Pallet = {
  ...commitmentsId,
  path: "pallet_commitments::pallet",
  storage: CommitmentStorage,
  errors,
  events: commitmentEvents,
  constants: {
    MaxFields: constant(U32, MAX_FIELDS),
    InitialDeposit: constant(U64, 0n),
    FieldDeposit: constant(U64, 0n),
  },
  calls: {
    set_commitment: call({
      index: 0,
      args: { netuid: NetUid, info: named("Box<CommitmentInfo<T::MaxFields>>", CommitmentInfo) },
      weight: weight(558_480_000n),
      pays: "No",
      run(c, { netuid, info }) {
        setCommitment(c, ensureSigned(c.origin), netuid, info);
      },
    }),
    set_max_space: call({
      index: 2,
      args: { new_limit: U32 },
      weight: weight(102_856_000n),
      run(c, { new_limit }) {
        ensureRoot(c.origin);
        CommitmentStorage.MaxSpace.put(c.store, new_limit);
      },
    }),
  },
  onInitialize: revealCommitments,
};

function setCommitment(c: Context, hotkey: Account, netuid: Netuid, info: CommitmentInfo): void {
  const { store: s } = c;
  ensure(Neurons.Uids.exists(s, netuid, hotkey), errors.is.AccountNotAllowedCommit);
  ensure(info.fields.length <= MAX_FIELDS, errors.is.TooManyFieldsInCommitmentInfo);
  takeSpace(s, hotkey, netuid, info);

  CommitmentStorage.CommitmentOf.put(s, netuid, hotkey, { deposit: 0n, block: c.block, info });
  CommitmentStorage.LastCommitment.put(s, netuid, hotkey, c.block);
  if (info.fields.some(({ type }) => type === "ResetBondsFlag")) {
    CommitmentStorage.LastBondsReset.put(s, netuid, hotkey, c.block);
    if (Hyperparameters.BondsResetOn.get(s, netuid)) dropBondsTowards(s, netuid, hotkey);
  }
  const closed = info.fields.flatMap((field) => timelockedOf(field) ?? []);
  for (const { reveal_round } of closed) awaitRound(c, reveal_round);
  markClosed(s, netuid, hotkey, closed.length > 0);
  c.deposit(
    closed[0]
      ? commitmentEvents.make.TimelockCommitment({
          netuid,
          who: hotkey,
          reveal_round: closed[0].reveal_round,
        })
      : commitmentEvents.make.Commitment({ netuid, who: hotkey }),
  );
}

/** Count the bytes of a commitment against what a hotkey has per epoch. */
function takeSpace(s: Store, hotkey: Account, netuid: Netuid, { fields }: CommitmentInfo): void {
  const bytes = BigInt(fields.reduce((sum, field) => sum + spaceOf(field), 0));
  const epoch = Hyperparameters.SubnetEpochIndex.get(s, netuid);
  const usage = CommitmentStorage.UsedSpaceOf.get(s, netuid, hotkey);
  const before = usage?.last_epoch === epoch ? usage.used_space : 0n;
  const used = before + (bytes < MIN_SPACE ? MIN_SPACE : bytes);
  ensure(used <= BigInt(CommitmentStorage.MaxSpace.get(s)), errors.is.SpaceLimitExceeded);
  CommitmentStorage.UsedSpaceOf.put(s, netuid, hotkey, { last_epoch: epoch, used_space: used });
}

/** Too long a field cannot be decoded on the real chain; here it is refused. */
function spaceOf(field: CommitmentField): number {
  const { type } = field;
  const timelocked = timelockedOf(field);
  if (timelocked) return boundedLength(timelocked.encrypted, MAX_TIMELOCKED);
  if (type === "BigRaw") return boundedLength(field.value as Uint8Array, MAX_BIG_RAW);
  if (HASH_FIELDS.has(type)) return 32;
  return type.startsWith("Raw") ? Number(type.slice("Raw".length)) : 0;
}

function boundedLength({ length }: Uint8Array, most: number): number {
  ensure(length <= most, errors.is.SpaceLimitExceeded);
  return length;
}

function dropBondsTowards(s: Store, netuid: Netuid, hotkey: Account): void {
  const uid = Neurons.Uids.get(s, netuid, hotkey);
  for (const index of storageIndexes(s, netuid)) {
    for (const [[, from], row] of [...Neurons.Bonds.entries(s, index)]) {
      if (row.some(([to]) => to === uid)) {
        const rest = row.filter(([to]) => to !== uid);
        Neurons.Bonds.put(s, index, from, rest);
      }
    }
  }
}
