import { explainScore } from "../../shared/rules/explain-score.ts";
import { aboveShareOfBest, softmax } from "../../shared/rules/shape.ts";
import type { RawScore } from "../../shared/template.ts";
import { COMMIT_TIMEOUT_MS } from "./config.ts";
import { type Judged, joined, type Page } from "./ledger.ts";

/** An answer this fast cannot be improved upon. */
const FAST_MS = 100;

/** Lead in the moving average that is worth e times the pay. */
const TEMPERATURE = 0.02;

/** Whoever has less than this share of the best average gets nothing. */
export const CUT = 0.25;

/** Share of the newest epoch in the moving average. */
export const ALPHA = 0.1;

/** What one miner's epoch was worth, and from what. All 0..1. */
export type EpochScore = RawScore & {
  qualityUnique: number;
  qualityShared: number;
  answered: number;
  promptness: number;
};

/**
 * `0.5 (q_unique + q_shared) * answered^2 * (0.9 + 0.1 promptness)`: quality first; silence costs twice, so that
 * answering only easy or audited questions does not pay; speed is worth a tenth. Whoever showed something else than it
 * had committed to has lost the epoch.
 */
export function scorePage(page: Page): EpochScore {
  const answered = page.latenciesMs.length / page.asked;
  const qualityUnique = qualityOf(page, page.unique);
  const qualityShared = qualityOf(page, page.shared);
  const promptness = mean(page.latenciesMs.map(toPromptness));
  const parts = { qualityUnique, qualityShared, answered, promptness };
  if (page.failures.includes("broken-commitment")) {
    return { score: 0, reason: "broken-commitment", ...parts };
  }
  const score = 0.5 * (qualityUnique + qualityShared) * answered ** 2 * (0.9 + 0.1 * promptness);
  return { score, reason: explainScore(score, page.failures, page.asked), ...parts };
}

/** Shares of the pay from moving averages. All 0 when nobody has any. */
export function toShares(averages: readonly number[]): number[] {
  return softmax(aboveShareOfBest(averages, CUT), TEMPERATURE);
}

/** No number, whatever an answer did to it, is more than 1 or anything but a number. */
function qualityOf({ preset }: Page, { truth, y }: Judged): number {
  const quality = preset.quality(joined(truth), joined(y));
  return Number.isFinite(quality) ? Math.min(1, Math.max(0, quality)) : 0;
}

function toPromptness(latencyMs: number): number {
  return Math.min(1, Math.max(0, (COMMIT_TIMEOUT_MS - latencyMs) / (COMMIT_TIMEOUT_MS - FAST_MS)));
}

function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
