import type { SignedCall, WireWeights } from "../chain/chain.ts";
import type { WeightsMethod } from "../chain/commit-reveal.ts";
import type { BlockNumber, Hex } from "../types.ts";
import type { EpochKey } from "./epoch-rows.ts";

/** What the weights of an epoch were made of: its own scores, or the state that was kept because it had none. */
export type WeightBasis = "scored" | "kept";

/**
 * Life of the weights of one epoch. `verified` is the only success: the row was read back from the chain and is
 * what was signed. `failed` and `abstained` carry a reason. `shadow` is what would have been sent by a process that signs
 * nothing: a later one may still decide. Weights that are committed first are `included` when the
 * commit is, `revealing` while a reveal of ours is under way, and `revealed` when the chain has opened them.
 */
export type WeightStatus =
  | "planned"
  | "signed"
  | "submitted"
  | "included"
  | "revealing"
  | "revealed"
  | "verified"
  | "failed"
  | "abstained"
  | "shadow";

export type WeightRecord = EpochKey & {
  status: WeightStatus;
  /** What is signed, decided once. Undefined when there was nothing to send. */
  content: WireWeights | undefined;
  versionKey: number;
  basis: WeightBasis;
  /** Best block when the content was decided. */
  decidedBlock: BlockNumber;
  /** The signed bytes: the only ones that may be sent for this epoch while they are valid. */
  call: SignedCall | undefined;
  block: BlockNumber | undefined;
  blockHash: Hex | undefined;
  extrinsicHash: Hex | undefined;
  readBack: WireWeights | undefined;
  reason: string | undefined;
  /** How the content was sent last. Undefined before it was signed. */
  method: WeightsMethod | undefined;
  /** What the hash of the content was made with: the same one for as long as there is this record. */
  salt: number[] | undefined;
  /** The beacon's round that opens a timelocked commit. */
  round: number | undefined;
  /** The epoch the chain counts the commit to, and the one in which it opens. */
  commitEpoch: number | undefined;
  revealEpoch: number | undefined;
  /** First block that may reveal, as foreseen when the commit was signed. */
  revealBlock: BlockNumber | undefined;
  /** Signed bytes that reveal, and the best block when they were signed. */
  revealCall: SignedCall | undefined;
  revealSignedBlock: BlockNumber | undefined;
  revealedBlock: BlockNumber | undefined;
};

export type WeightRow = {
  netuid: number;
  mechanism: number;
  epoch: number;
  status: WeightStatus;
  content: string | null;
  version_key: number | null;
  basis: WeightBasis;
  decided_block: number;
  call: string | null;
  block: number | null;
  block_hash: Hex | null;
  extrinsic_hash: Hex | null;
  read_back: string | null;
  reason: string | null;
  method: WeightsMethod | null;
  salt: string | null;
  round: number | null;
  commit_epoch: number | null;
  reveal_epoch: number | null;
  reveal_block: number | null;
  reveal_call: string | null;
  reveal_signed_block: number | null;
  revealed_block: number | null;
};

export function fromWeightRow(row: WeightRow): WeightRecord {
  return {
    netuid: row.netuid,
    mechanism: row.mechanism,
    epoch: row.epoch,
    status: row.status,
    content: row.content ? (JSON.parse(row.content) as WireWeights) : undefined,
    versionKey: row.version_key ?? 0,
    basis: row.basis,
    decidedBlock: row.decided_block,
    call: row.call ? (JSON.parse(row.call) as SignedCall) : undefined,
    block: row.block ?? undefined,
    blockHash: row.block_hash ?? undefined,
    extrinsicHash: row.extrinsic_hash ?? undefined,
    readBack: row.read_back ? (JSON.parse(row.read_back) as WireWeights) : undefined,
    reason: row.reason ?? undefined,
    method: row.method ?? undefined,
    salt: row.salt ? (JSON.parse(row.salt) as number[]) : undefined,
    round: row.round ?? undefined,
    commitEpoch: row.commit_epoch ?? undefined,
    revealEpoch: row.reveal_epoch ?? undefined,
    revealBlock: row.reveal_block ?? undefined,
    revealCall: row.reveal_call ? (JSON.parse(row.reveal_call) as SignedCall) : undefined,
    revealSignedBlock: row.reveal_signed_block ?? undefined,
    revealedBlock: row.revealed_block ?? undefined,
  };
}
