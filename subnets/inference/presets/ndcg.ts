/** Places that count. */
const DEPTH = 10;

/**
 * NDCG@10 with relevance 1 or 0: how near the top do the relevant candidates stand when they are ordered by falling
 * score? Candidates of equal score share the mean of their places, so that their order says nothing.
 *
 * @param relevant - Of one list: 1 or 0 for each candidate.
 * @param scores - Finite, of the same candidates.
 * @returns 0..1, 0 when nothing is relevant
 */
export function ndcg(relevant: ArrayLike<number>, scores: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < relevant.length; i++) total += relevant[i]!;
  let ideal = 0;
  for (let place = 0; place < Math.min(total, DEPTH); place++) ideal += discount(place);
  if (ideal === 0) return 0;

  let gain = 0;
  for (let i = 0; i < relevant.length; i++) {
    if (relevant[i] !== 1) continue;
    let [above, equal] = [0, 0]; // equal counts the candidate itself
    for (let other = 0; other < scores.length; other++) {
      if (scores[other]! > scores[i]!) above++;
      else if (scores[other] === scores[i]) equal++;
    }
    for (let place = above; place < Math.min(above + equal, DEPTH); place++) gain += discount(place) / equal;
  }
  return gain / ideal;
}

function discount(place: number): number {
  return 1 / Math.log2(place + 2);
}
