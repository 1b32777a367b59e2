/** How far two lists of parameters are apart. `cos` is 1 minus the cosine of the angle; `normalized` is `l2 / dRef`. */
export type Distance = { l1: number; l2: number; linf: number; cos: number; normalized: number };

/**
 * Distances of a claimed state from the one that comes out. The cosine divides by both norms.
 *
 * @param dRef - Distance between the final parameters of two trainings with different seeds (Jia et al. 2021), above 0.
 */
export function distanceOf(a: ArrayLike<number>, b: ArrayLike<number>, dRef: number): Distance {
  let [l1, squares, linf, product, aa, bb] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    const difference = Math.abs(x - y);
    l1 += difference;
    squares += difference ** 2;
    linf = Math.max(linf, difference);
    product += x * y;
    aa += x ** 2;
    bb += y ** 2;
  }
  const l2 = Math.sqrt(squares);
  const norms = Math.sqrt(aa) * Math.sqrt(bb);
  return { l1, l2, linf, cos: norms > 0 ? 1 - product / norms : 0, normalized: l2 / dRef };
}

/** Which of the audited intervals are too far off: none, or the solver is refused. */
export function verdictOf(
  normalizedDistances: readonly number[],
  delta: number,
): { accepted: boolean; failing: number[] } {
  const failing = normalizedDistances.flatMap((distance, i) => (distance <= delta ? [] : [i]));
  return { accepted: failing.length === 0, failing };
}
