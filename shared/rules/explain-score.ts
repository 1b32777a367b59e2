import type { Failure, Reason } from "../reasons.ts";

/**
 * The reason that explains a score best.
 *
 * @param failures - One per question that was asked and not answered.
 * @param asked - How many questions were asked, without those the validator itself failed.
 */
export function explainScore(score: number, failures: readonly Failure[], asked: number): Reason {
  if (failures.length > 0 && (score === 0 || failures.length * 2 >= asked)) return mostFrequent(failures);
  return score > 0 ? "ok" : "below-baseline";
}

/** On a tie the one that came first. */
function mostFrequent(failures: readonly Failure[]): Failure {
  const counts = new Map<Failure, number>();
  for (const failure of failures) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
