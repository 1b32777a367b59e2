/**
 * Mean over the faulty items of the precision at their place when items stand by falling score. Items of equal score
 * share one place, so that their order says nothing: a constant score has the share of faulty items, exactly.
 *
 * @param faulty - 1 or 0 for each item.
 * @param scores - Finite, higher for what looks faulty.
 * @returns 0..1, 0 when nothing is faulty
 */
export function averagePrecision(faulty: ArrayLike<number>, scores: ArrayLike<number>): number {
  const order = Array.from({ length: faulty.length }, (_, item) => item);
  order.sort((a, b) => scores[b]! - scores[a]!);
  let [found, precisions] = [0, 0];
  for (let from = 0, to = 0; from < order.length; from = to) {
    const score = scores[order[from]!]!;
    let foundHere = 0;
    while (to < order.length && scores[order[to]!] === score) foundHere += faulty[order[to++]!]!;
    found += foundHere;
    precisions += (foundHere * found) / to;
  }
  return found > 0 ? precisions / found : 0;
}

/** Average precision on a scale from a constant score, 0, to a perfect one, 1. */
export function precisionSkill(faulty: ArrayLike<number>, scores: ArrayLike<number>): number {
  const base = averagePrecision(faulty, new Float64Array(faulty.length));
  if (base === 0 || base === 1) return 0; // nothing to find, or nothing to tell apart
  return Math.max(0, (averagePrecision(faulty, scores) - base) / (1 - base));
}
