import type { Hotkey } from "../types.ts";

/** Running score by hotkey: it follows the key, because uids are recycled. */
export type Averages = { [hotkey: Hotkey]: number };

/**
 * `alpha * score + (1 - alpha) * previous`. A newcomer starts from 0, who was not asked keeps what it has, and who is
 * not registered any more is forgotten.
 *
 * @param alpha - Share of the new score, 0..1. Small is slow to build and slow to lose.
 */
export function updateAverages(
  previous: Averages,
  scores: ReadonlyMap<Hotkey, number>,
  registered: Iterable<Hotkey>,
  alpha: number,
): Averages {
  const next: Averages = {};
  for (const hotkey of [...registered].sort()) {
    const before = previous[hotkey] ?? 0;
    const score = scores.get(hotkey);
    if (score !== undefined) next[hotkey] = alpha * score + (1 - alpha) * before;
    else if (hotkey in previous) next[hotkey] = before;
  }
  return next;
}
