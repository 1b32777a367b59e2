/**
 * Probability that a uniform sample without repetition meets at least one forged interval: 1 - C(n-m, q) / C(n, q).
 *
 * @param intervals - n, all of them.
 * @param forged - m, 0..n.
 * @param sampled - q, 0..n.
 */
export function detectionProbability(intervals: number, forged: number, sampled: number): number {
  let missed = 1;
  for (let i = 0; i < sampled; i++) missed *= Math.max(0, intervals - forged - i) / (intervals - i);
  return 1 - missed;
}

/**
 * Samples that meet a forged interval with that confidence in a training of any length: ln(1 - confidence) /
 * ln(1 - forgedFraction), rounded up.
 *
 * @param forgedFraction - Smallest share that is to be found, between 0 and 1.
 * @param confidence - Between 0 and 1.
 */
export function samplesNeeded(forgedFraction: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - forgedFraction));
}
