import type { WireWeights } from "../../shared/chain/chain.ts";
import type { Metagraph } from "../../shared/chain/metagraph.ts";
import type { Reason } from "../../shared/reasons.ts";
import { spearman } from "../../shared/rules/spearman.ts";
import type { BlockNumber, Hex, Hotkey, Json, Netuid, Uid } from "../../shared/types.ts";
import type { ReadResults } from "./read-results.ts";

/** A miner as `dev` started it. */
export type ReportedMiner = {
  name: string;
  hotkey: Hotkey;
  uid: Uid;
  quality: number;
  /** What it works as, where miners do several kinds of work: qualities compare within one role. */
  role?: string | undefined;
  /** It answers by a behaviour of the template's that is not honest work. */
  isAdversary: boolean;
};

/** The weights of one epoch, sent and found on chain again. */
export type VerifiedWeights = {
  epoch: number;
  sent: WireWeights;
  readBack: WireWeights;
  block: BlockNumber;
  extrinsicHash: Hex;
};

export type EpochReport = VerifiedWeights & {
  /** First block at which the chain had paid this epoch. */
  paidAt: BlockNumber;
  miners: (ReportedMiner & {
    /** Of this epoch; null when it was not asked. */
    score: number | null;
    reason: Reason | null;
    /** What the template says decided it; null when it says nothing. */
    why: Json | null;
    /** Share of the miners' pay, 0..1, that these weights led to. */
    incentive: number;
    emissionRao: string;
  })[];
  /**
   * Rank correlation of quality and incentive over all miners; null when nobody was paid. Where there are roles: the
   * lowest of theirs.
   */
  spearman: number | null;
  /** The same over the miners of each role and those that have none. Empty where there are no roles. */
  roles: { role: string; spearman: number | null }[];
};

/** See `readEvidence`. */
type EvidenceOf = (epoch: number, hotkey: Hotkey) => Json | undefined;

/**
 * Collects what `dev --json` prints: for each epoch with verified weights what was sent and read back, and, once
 * the chain has run the epoch, what each miner was paid for it.
 */
export class DevReport {
  readonly #miners: readonly ReportedMiner[];
  readonly #evidenceOf: EvidenceOf;
  readonly #scores = new Map<number, Map<Hotkey, { score: number | null; reason: Reason }>>();
  readonly #waiting = new Map<number, VerifiedWeights>();
  readonly epochs: EpochReport[] = [];

  constructor(miners: readonly ReportedMiner[], evidenceOf: EvidenceOf = () => undefined) {
    this.#miners = miners;
    this.#evidenceOf = evidenceOf;
  }

  scored(epoch: number, scores: readonly { hotkey: Hotkey; score: number | null; reason: Reason }[]): void {
    this.#scores.set(epoch, new Map(scores.map(({ hotkey, score, reason }) => [hotkey, { score, reason }])));
  }

  verified(weights: VerifiedWeights): void {
    this.#waiting.set(weights.epoch, weights);
  }

  /**
   * The chain counts a new epoch: whatever was verified before it has been paid.
   *
   * @param running - The epoch that runs now.
   * @returns What became complete, oldest first.
   */
  paid(running: number, metagraph: Metagraph): EpochReport[] {
    const due = [...this.#waiting.values()].filter(({ epoch }) => epoch < running);
    const complete = due.map((weights) => this.#report(weights, metagraph));
    for (const { epoch } of due) this.#waiting.delete(epoch);
    this.epochs.push(...complete);
    return complete;
  }

  #report(weights: VerifiedWeights, metagraph: Metagraph): EpochReport {
    const scores = this.#scores.get(weights.epoch);
    const miners = this.#miners.map((miner) => {
      const neuron = metagraph.neurons[miner.uid];
      return {
        ...miner,
        score: scores?.get(miner.hotkey)?.score ?? null,
        reason: scores?.get(miner.hotkey)?.reason ?? null,
        why: this.#evidenceOf(weights.epoch, miner.hotkey) ?? null,
        incentive: neuron?.incentive ?? 0,
        emissionRao: String(neuron?.emissionRao ?? 0n),
      };
    });
    const roles = [...new Set(this.#miners.flatMap(({ role }) => role ?? []))].map((role) => ({
      role,
      spearman: rankCorrelation(miners.filter((miner) => (miner.role ?? role) === role)),
    }));
    const lowest = roles.some((role) => role.spearman === null)
      ? null
      : Math.min(...roles.map((role) => role.spearman!));
    return {
      ...weights,
      paidAt: metagraph.block,
      miners,
      spearman: roles.length > 0 ? lowest : rankCorrelation(miners),
      roles,
    };
  }
}

/** Null when all are paid alike, or of one quality. */
function rankCorrelation(miners: readonly { quality: number; incentive: number }[]): number | null {
  const correlation = spearman(
    miners.map(({ quality }) => quality),
    miners.map(({ incentive }) => incentive),
  );
  return Number.isNaN(correlation) ? null : correlation;
}

/** The document of `subforge dev --json`. */
export type DevOutcome = {
  subnet: string;
  netuid: Netuid;
  genesis: Hex;
  /** Blocks. */
  tempo: number;
  blockMs: number;
  epochs: readonly EpochReport[];
  /** Of the last epoch. */
  spearman: number | null;
  /** Of the last epoch: what each adversary was paid, as a share of the pay of the honest miner that got most. */
  adversaries: { name: string; ofBest: number | null }[];
  /** What consumers read at the end; null for a template that publishes nothing. */
  results: ReadResults | null;
};

export function toOutcome(
  { epochs }: DevReport,
  about: Omit<DevOutcome, "epochs" | "spearman" | "adversaries">,
): DevOutcome {
  const last = epochs.at(-1);
  return { ...about, epochs, spearman: last?.spearman ?? null, adversaries: adversariesOf(last) };
}

function adversariesOf(last: EpochReport | undefined): DevOutcome["adversaries"] {
  const miners = last?.miners ?? [];
  const best = Math.max(
    0,
    ...miners.filter(({ isAdversary }) => !isAdversary).map(({ incentive }) => incentive),
  );
  return miners
    .filter(({ isAdversary }) => isAdversary)
    .map(({ name, incentive }) => ({ name, ofBest: best > 0 ? incentive / best : null }));
}
