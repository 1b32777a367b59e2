import { btreeSetOf } from "../../types/btree.ts";
import { tuple, vec } from "../../types/composites.ts";
import { Bytes, U16, U32, U64 } from "../../types/primitives.ts";
import { AccountId } from "../../types/substrate-types.ts";
import { map, storageOf, value } from "../dsl/storage.ts";
import { Registration, UsageTracker } from "./commitment-types.ts";

export const commitmentsId = { name: "Commitments", index: 18 };

const PER_HOTKEY = [
  ["Identity", U16],
  ["Twox64Concat", AccountId],
] as const;

/** Netuid and hotkey of those whose commitment has a field that is still closed. */
const Closed = btreeSetOf(tuple(U16, AccountId), ([a, whoA], [b, whoB]) => a - b || (whoA < whoB ? -1 : 1));

/** Last commitment of each hotkey per subnet, how much of its space it used, and what opened of it with its block. */
export const CommitmentStorage = storageOf(commitmentsId, {
  CommitmentOf: map(PER_HOTKEY, Registration),
  LastCommitment: map(PER_HOTKEY, U32),
  LastBondsReset: map(PER_HOTKEY, U32),
  UsedSpaceOf: map(PER_HOTKEY, UsageTracker),
  MaxSpace: value(U32, 3100),
  TimelockedIndex: value(Closed, []),
  RevealedCommitments: map(PER_HOTKEY, vec(tuple(Bytes, U64))),
});
