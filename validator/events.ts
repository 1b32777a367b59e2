import type { WireWeights } from "../shared/chain/chain.ts";
import type { WeightsMethod } from "../shared/chain/commit-reveal.ts";
import type { WeightBasis } from "../shared/journal/weight-rows.ts";
import type { Reason } from "../shared/reasons.ts";
import type { BlockNumber, Hex, Hotkey, Netuid, Uid } from "../shared/types.ts";

/** Why nobody was asked in an epoch. */
export type SkipReason =
  /** The hash of the epoch's secret was not on chain before its first block: so it is at the first start. */
  | "secret-not-committed"
  /** The planner came too late to ask and to score in time. */
  | "joined-late"
  | "not-registered"
  /** The template threw, or planned what cannot be asked. */
  | "plan-invalid";

/** Why an epoch that was asked has no scores. What miners had before is kept. */
export type VoidReason =
  /** Most miners failed together: more likely us than them. */
  | "validator-outage"
  /** The scorer threw, or its process died. */
  | "scorer-failed"
  /** It took longer than it may, and was ended. */
  | "scorer-timeout"
  /** It needed more memory than it may. */
  | "scorer-out-of-memory"
  /** The scorer gave something that is no score. */
  | "score-invalid"
  /** The planner was not there when the epoch ended. */
  | "epoch-over"
  /** Another version of the template was started in mid-epoch. */
  | "template-changed";

/** Why no weights are sent for an epoch. */
export type AbstainReason =
  | SkipReason
  | VoidReason
  | "nobody-scored"
  /** The subnet has fewer incentive mechanisms. */
  | "no-such-mechanism"
  | "no-permit"
  | "stake-too-low"
  | "rate-limit"
  /** No round of the beacon lies between a commit and the end of the epoch it must be revealed in. */
  | "epoch-too-short"
  /** What the chain has as the beacon's key is none: what is encrypted to it would never open. */
  | "beacon-invalid"
  /** The chain has newer weights of this hotkey that this journal does not know: another machine, or an old copy. */
  | "set-by-another"
  /** There is a share to burn, and the subnet owner's hotkey has no uid. */
  | "owner-not-registered"
  /** A uid got another owner between decision and signature: the weight would be a stranger's. */
  | "uid-reused"
  /** What was decided is no vector: the journal was changed by somebody else. */
  | "content-invalid"
  /** The chain wants more entries by now than were decided. */
  | "too-few-weights"
  /** Until the epoch was over this process was not the one that may sign: another planner has the lease, or it waits for a doppelganger. */
  | "held-back"
  | "window-over";

type Mechanism = { netuid: Netuid; mechanism: number };
type Epoch = { netuid: Netuid; mechanism: number; epoch: number };

export type ScoredMiner = {
  hotkey: Hotkey;
  uid: Uid;
  /** null: this epoch says nothing about it. */
  score: number | null;
  reason: Reason;
  asked: number;
  answered: number;
};

/** What a validator tells while it runs. Plain JSON. */
export type ValidatorEvent =
  /** Once for each mechanism of each subnet. */
  | ({ event: "validator.started"; hotkey: Hotkey; template: string; version: string } & Mechanism)
  | ({ event: "epoch.planned"; startBlock: BlockNumber; tempo: number; jobs: number; asked: number } & Epoch)
  | ({ event: "epoch.skipped"; reason: SkipReason } & Epoch)
  /** Nobody was asked in the epochs `from` to `to`: the chain was away, or this process was. */
  | { event: "epochs.missed"; netuid: Netuid; mechanism: number; from: number; to: number }
  /** `ownFaults`: questions that failed on our side and count for nobody. Above 0, the round is a partial one. */
  | ({
      event: "epoch.scored";
      scores: ScoredMiner[];
      asked: number;
      answered: number;
      ownFaults: number;
    } & Epoch)
  | ({ event: "epoch.void"; reason: VoidReason; asked: number; answered: number; ownFaults: number } & Epoch)
  /** A result that consumers may read from now on. `topic`: its id among all subnets; `value`: in the topic's unit. */
  | ({ event: "result.signed"; topic: string; nonce: number; value: number; digest: Hex } & Epoch)
  /** Where consumers may read results: an address, without a path. */
  | { event: "results.served"; url: string }
  | ({ event: "answers.collected"; taskId: string; worker: string; recorded: number } & Epoch)
  | ({ event: "weights.signed"; sent: WireWeights; extrinsicHash: Hex; basis: WeightBasis } & Epoch)
  /** What would have been signed, or why nothing would: this process only watches. */
  | ({
      event: "weights.shadow";
      would: WireWeights | null;
      reason: string | null;
      basis: WeightBasis;
    } & Epoch)
  | ({ event: "weights.included"; block: BlockNumber; extrinsicHash: Hex } & Epoch)
  | ({
      event: "weights.committed";
      method: WeightsMethod;
      /** The beacon's round that opens it; null for a hash, which we reveal. */
      round: number | null;
      revealEpoch: number;
      /** First block that may reveal it, as foreseen. */
      revealBlock: BlockNumber;
    } & Epoch)
  | ({ event: "weights.revealed"; block: BlockNumber } & Epoch)
  | ({
      event: "weights.verified";
      sent: WireWeights;
      readBack: WireWeights;
      block: BlockNumber;
      extrinsicHash: Hex;
      basis: WeightBasis;
    } & Epoch)
  | ({ event: "weights.abstained"; reason: string } & Epoch)
  | ({ event: "weights.failed"; reason: string } & Epoch)
  /** Nothing is signed before this block, unless another machine shows signs of life earlier. */
  | { event: "doppelganger.waiting"; netuid: Netuid; untilBlock: BlockNumber; lastUpdate: BlockNumber }
  /** `journal`: it proves that this machine sent the chain's last weights; `waited`: nobody else showed up. */
  | { event: "doppelganger.clear"; netuid: Netuid; proof: "journal" | "waited" | "off" }
  /** Another planner of this hotkey works: this one waits until that one is gone. */
  | { event: "planner.waiting"; netuid: Netuid; holder: string }
  /** This machine's clock differs from the chain's by so much; above 0, it is ahead. */
  | { event: "clock.skewed"; skewSeconds: number }
  | { event: "clock.agrees" }
  /** Nothing moves: what this validator waits for, and when it gives up and ends, if it does. */
  | {
      event: "validator.waiting";
      for: string;
      /** Newest weights that were read back, which stay in force. */
      lastVerified: { epoch: number; block: BlockNumber } | null;
      endsInMs: number | null;
    }
  /** Where Prometheus may ask. */
  | { event: "metrics.served"; url: string }
  /** Something stands in the way of one mechanism; it is tried again until it is over. `code`: as in docs/errors.md. */
  | { event: "trouble.began"; netuid: Netuid; mechanism: number; code: string; reason: string }
  | { event: "trouble.over"; netuid: Netuid; mechanism: number; code: string }
  /** No block came for half a minute. `block`: the last one, null before the first. */
  | { event: "chain.silent"; block: BlockNumber | null; silentMs: number }
  | { event: "chain.back"; block: BlockNumber; silentMs: number }
  | { event: "worker.started"; pid: number }
  | { event: "worker.stopped"; pid: number; how: number | string };

export type OnEvent = (event: ValidatorEvent) => void;
