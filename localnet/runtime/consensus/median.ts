import { I32F32 } from "./fixed.ts";
import { denseRow, type Matrix, normalise } from "./sparse.ts";

/**
 * Consensus of the stake: per column the largest weight that at least `kappa` of the active stake supports.
 *
 * @param activeStake - I32F32 shares; rows without stake take no part.
 * @param kappa - I32F32 share of the stake.
 * @returns I32F32 per column, 0 everywhere when no row takes part.
 */
export function consensusOfStake(
  activeStake: readonly bigint[],
  weights: Matrix,
  kappa: bigint,
  n: number,
): bigint[] {
  const voters = weights.flatMap((row, i) => (activeStake[i]! > 0n ? [{ row, stake: activeStake[i]! }] : []));
  const stake = normalise(voters.map((voter) => voter.stake));
  const scores = voters.map((voter) => denseRow(voter.row, n));
  const total = I32F32.sum(stake);

  return Array.from({ length: n }, (_, column) =>
    weightedMedian(
      stake,
      scores.map((row) => row[column]!),
      I32F32.sub(total, kappa),
      0n,
      total,
    ),
  );
}

/**
 * The score at which the stake below it reaches `minority`.
 *
 * The pivot is the entry in the middle position, not the median of the values. That changes nothing but the rounding
 * of `lo` and `hi`, which is why it must stay so.
 *
 * @param lo - Stake known to lie below the partition, I32F32. `hi`: below its end.
 */
export function weightedMedian(
  stake: readonly bigint[],
  score: readonly bigint[],
  minority: bigint,
  lo: bigint,
  hi: bigint,
): bigint {
  let current = Array.from(score.keys());
  for (let round = 0; round <= score.length; round++) {
    if (current.length === 0) return 0n;
    if (current.length === 1) return score[current[0]!]!;

    const pivot = score[current[Math.floor(current.length / 2)]!]!;
    const below = current.filter((at) => score[at]! < pivot);
    const above = current.filter((at) => score[at]! > pivot);
    const stakeBelow = I32F32.sum(below.map((at) => stake[at]!));
    const stakeAbove = I32F32.sum(above.map((at) => stake[at]!));

    if (below.length > 0 && minority < I32F32.add(lo, stakeBelow)) {
      current = below;
      hi = I32F32.add(lo, stakeBelow);
    } else if (above.length > 0 && I32F32.sub(hi, stakeAbove) <= minority) {
      current = above;
      lo = I32F32.sub(hi, stakeAbove);
    } else {
      return pivot;
    }
  }
  return 0n;
}
