import { U16, U32 } from "../../types/primitives.ts";
import { AccountId } from "../../types/substrate-types.ts";
import { map, storageOf, value } from "../dsl/storage.ts";
import { Registration, UsageTracker } from "./commitment-types.ts";

export const commitmentsId = { name: "Commitments", index: 18 };

const PER_HOTKEY = [
  ["Identity", U16],
  ["Twox64Concat", AccountId],
] as const;

/** Last commitment of each hotkey per subnet, and how much of its space it used. */
export const CommitmentStorage = storageOf(commitmentsId, {
  CommitmentOf: map(PER_HOTKEY, Registration),
  LastCommitment: map(PER_HOTKEY, U32),
  LastBondsReset: map(PER_HOTKEY, U32),
  UsedSpaceOf: map(PER_HOTKEY, UsageTracker),
  MaxSpace: value(U32, 3100),
});
