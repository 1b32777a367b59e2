import { explainScore } from "../../shared/rules/explain-score.ts";
import { aboveShareOfBest, softmax } from "../../shared/rules/shape.ts";
import type { RawScore } from "../../shared/template.ts";
import { TIMEOUT_MS } from "./config.ts";
import type { Judged, Page } from "./ledger.ts";
import { measureQuality } from "./quality.ts";
import { CLASSES } from "./shapes.ts";

/** An answer this fast cannot be improved upon. */
const FAST_MS = 100;

/** Lead in the moving average that is worth e times the pay. */
const TEMPERATURE = 0.02;

/** Whoever has less than this share of the best average gets nothing. */
export const CUT = 0.25;

/** Share of the newest epoch in the moving average. */
export const ALPHA = 0.1;

/** Every class is drawn equally often. */
const PRIOR: readonly number[] = Array.from({ length: CLASSES }, () => 1 / CLASSES);

/** What one miner's epoch was worth, and from what. All 0..1. */
export type EpochScore = RawScore & {
  qualityUnique: number;
  qualityShared: number;
  answered: number;
  promptness: number;
};

/**
 * `0.5 (q_unique + q_shared) * answered^2 * (0.9 + 0.1 promptness)`: quality first; silence costs twice, so that
 * answering only easy or audited questions does not pay; speed is worth a tenth.
 */
export function scorePage(page: Page): EpochScore {
  const answered = page.latenciesMs.length / page.asked;
  const qualityUnique = qualityOf(page.unique);
  const qualityShared = qualityOf(page.shared);
  const promptness = mean(page.latenciesMs.map(toPromptness));
  const score = 0.5 * (qualityUnique + qualityShared) * answered ** 2 * (0.9 + 0.1 * promptness);
  const reason = explainScore(score, page.failures, page.asked);
  return { score, reason, qualityUnique, qualityShared, answered, promptness };
}

/** Shares of the pay from moving averages. All 0 when nobody has any. */
export function toShares(averages: readonly number[]): number[] {
  return softmax(aboveShareOfBest(averages, CUT), TEMPERATURE);
}

function qualityOf({ labels, probabilities }: Judged): number {
  return labels.length > 0 ? measureQuality(labels, probabilities, PRIOR).quality : 0;
}

function toPromptness(latencyMs: number): number {
  return Math.min(1, Math.max(0, (TIMEOUT_MS - latencyMs) / (TIMEOUT_MS - FAST_MS)));
}

function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
