import type { RawScore } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { TrainingProofConfig } from "./config.ts";
import type { Verdict } from "./verdicts.ts";

/** Epochs that a solver still has to wait until it is paid again. */
export type TimeOuts = { [hotkey: Hotkey]: number };

/**
 * Price of the verified steps, times how far the model came from the loss of an untrained one to the target, both on
 * held-out rows; and as much again for each dispute it was right in. Nothing for who failed or waits.
 */
export function scoreOf(
  verdict: Verdict,
  { price, lossTarget }: TrainingProofConfig,
  isWaiting: boolean,
): RawScore {
  if (verdict.outcome === "failed") return { score: 0, reason: verdict.reason };
  if (isWaiting) return { score: 0, reason: "audit-mismatch" };
  const { before, after, steps, won } = verdict;
  const way = Math.max(before - lossTarget, Number.EPSILON);
  const gain = Math.min(1, Math.max(0, (before - after) / way));
  const score = price * steps * gain * (1 + won);
  return { score, reason: score > 0 ? "ok" : "below-baseline" };
}

/** Who was caught waits from the next epoch on; who waited, one epoch less. */
export function updateTimeOuts(
  previous: TimeOuts,
  verdicts: ReadonlyMap<Hotkey, Verdict>,
  registered: ReadonlySet<Hotkey>,
  epochs: number,
): TimeOuts {
  const next: TimeOuts = {};
  for (const hotkey of [...registered].sort()) {
    const verdict = verdicts.get(hotkey);
    const isCaught = verdict?.outcome === "failed" && verdict.isFraud;
    const left = isCaught ? epochs : (previous[hotkey] ?? 0) - 1;
    if (left > 0) next[hotkey] = left;
  }
  return next;
}
