import type { WireWeights } from "../../shared/chain/chain.ts";
import type { EpochKey, EpochStatus } from "../../shared/journal/epoch-rows.ts";
import type { WeightStatus } from "../../shared/journal/weight-rows.ts";
import type { BlockNumber, Hex, Hotkey, Netuid } from "../../shared/types.ts";
import type { ValidatorEvent } from "../../validator/events.ts";

/** What a signed call says: weights, read or opened; or the hash they are hidden behind. */
export type SignedContent = { weights: WireWeights } | { hash: Hex };

/** A call of the hotkey about weights. `epoch`: of the journal that has its bytes; of one seen on the chain, unknown. */
export type WeightCall = {
  netuid: Netuid;
  mechanism: number;
  extrinsicHash: Hex;
  content: SignedContent;
};

/** What one journal says when everything is over. */
export type JournalHistory = {
  epochs: (EpochKey & {
    status: EpochStatus;
    reason: string | undefined;
    startBlock: BlockNumber | undefined;
    /** By hotkey; undefined for a score that says nothing. */
    scores: ReadonlyMap<Hotkey, number | undefined>;
    /** What scoring the recorded answers again gives, in the words of the journal. Undefined: the same. */
    replayDiffers: string | undefined;
  })[];
  receipts: (EpochKey & {
    status: WeightStatus;
    reason: string | undefined;
    content: WireWeights | undefined;
    decidedBlock: BlockNumber;
    block: BlockNumber | undefined;
    revealedBlock: BlockNumber | undefined;
    extrinsicHash: Hex | undefined;
    /** Calls whose bytes were recorded before they were sent. */
    signed: WeightCall[];
  })[];
};

/** Everything that is known of one validator after a run: what the chain saw, what it recorded and what it said. */
export type History = {
  /** Of which kind each miner really is: an honest one never earns less than everything. */
  miners: ReadonlyMap<Hotkey, "honest" | "worthless" | "changing">;
  chain: {
    /** Calls of the hotkey that reached the pool or a block, in the order they came. */
    seen: WeightCall[];
    /** Extrinsics of the branch that stands, and their block. */
    included: ReadonlyMap<Hex, BlockNumber>;
    /** The validator's row whenever it changed on the branch that stands. */
    rows: { netuid: Netuid; mechanism: number; block: BlockNumber; row: WireWeights }[];
    /** Who had which uid from a block on. */
    owners: { netuid: Netuid; block: BlockNumber; hotkeys: readonly Hotkey[] }[];
  };
  /** In the order they were written: a run may begin with a new journal. */
  journals: JournalHistory[];
  events: ValidatorEvent[];
};

/** A promise of the validator that was not kept, and how it shows. */
export type Violation = { promise: "P1" | "P2" | "P3" | "P6" | "P7" | "P8" | "P13"; what: string };
