import { createCodec } from "@polkadot-api/substrate-bindings";
import { tuple, vec } from "../../../types/composites.ts";
import { U16, U64 } from "../../../types/primitives.ts";
import { AccountId, boundedBytes, H256 } from "../../../types/substrate-types.ts";
import { createNode, named, type TypeNode, type ValueOf } from "../../../types/type-node.ts";
import { map, storageOf } from "../../dsl/storage.ts";
import { subtensorId } from "./subtensor-id.ts";

/** Bytes of a timelocked commit. A longer one cannot be decoded. */
const MAX_COMMIT_BYTES = 5_000;

/** An encrypted weight vector. */
export const TimelockedCommit = named(
  "BoundedVec<u8, ConstU32<MAX_CRV3_COMMIT_SIZE_BYTES>>",
  atMost(boundedBytes(), MAX_COMMIT_BYTES),
);

const PER_MECHANISM = ["Twox64Concat", U16] as const;
/** Hash, epoch and block of the commit; the last number means nothing any more. */
const HashCommit = tuple(H256, U64, U64, U64);
/** Who, in which block, what, and the round that opens it. */
const TimelockEntry = tuple(AccountId, U64, TimelockedCommit, U64);

export type HashCommit = ValueOf<typeof HashCommit>;
export type TimelockEntry = ValueOf<typeof TimelockEntry>;

/** Weights that are committed and not revealed yet, by storage index: hashes per hotkey, ciphertexts per epoch. */
export const Commits = storageOf(subtensorId, {
  WeightCommits: map([PER_MECHANISM, ["Twox64Concat", AccountId]], vec(HashCommit)),
  TimelockedWeightCommits: map([PER_MECHANISM, ["Twox64Concat", U64]], vec(TimelockEntry), []),
});

function atMost(node: TypeNode<Uint8Array>, bytes: number): TypeNode<Uint8Array> {
  const checked = (value: Uint8Array): Uint8Array => {
    if (value.length > bytes) throw new RangeError(`${value.length} bytes are more than ${bytes}`);
    return value;
  };
  const inner = node.codec as unknown as {
    enc(value: Uint8Array): Uint8Array;
    dec(bytes: never): Uint8Array;
  };
  const codec = createCodec<Uint8Array>(
    (value) => inner.enc(checked(value)),
    (input) => checked(inner.dec(input as never)),
  );
  return createNode(codec, node.shape, node.typeName);
}
