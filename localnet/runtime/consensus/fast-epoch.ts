import { bondsAlpha } from "./bonds.ts";
import { div, mul, mulUp, ONE } from "./double-fixed.ts";
import type { EpochInput } from "./epoch-columns.ts";
import { bondYuma2, bondYuma3, storeBonds } from "./fast-bonds.ts";
import { liquidCurve } from "./fast-liquid.ts";
import { consensusOfStake } from "./fast-median.ts";
import { createRows, type FastRows, normalise } from "./fast-rows.ts";
import type { EpochShares } from "./settle-epoch.ts";
import { fromU16Share } from "./u16.ts";
import { countEntries, isAscending } from "./u16-rows.ts";
import { countVoters, type Voters } from "./voters.ts";

/** More uids than any subnet has: within it, no sum leaves the exact range of a double. */
const MAX_UIDS = 4096;
const MILLION = 1_000_000n;

/**
 * The same epoch in doubles, equal in every bit.
 *
 * @returns undefined where that is not possible: with rows whose columns do not ascend, values out of range, or a
 * liquid alpha beyond `MAX_FAST_STEEPNESS`. Then the exact form is needed.
 */
export function computeFastEpoch(input: EpochInput): EpochShares | undefined {
  const { n } = input;
  if (n > MAX_UIDS || input.bondsMovingAverage > MILLION) return undefined;
  if (!isAscending(input.weights, n) || !isAscending(input.bonds, n)) return undefined;
  const isLiquid = input.yuma3 && input.liquidAlpha;
  const curve = isLiquid ? liquidCurve(input, share) : undefined;
  if (isLiquid && curve === undefined) return undefined;

  const voters = countVoters(input, input.ownerUid);
  const activeStake = Float64Array.from(voters.activeStake, Number);
  const weights = visibleWeights(input, voters);
  const consensus = consensusOfStake(activeStake, weights, share(input.kappa));
  const { rank, validatorTrust } = clip(weights, consensus, activeStake, share(input.bondsPenalty));
  const incentive = normalise(rank);

  const alpha = Number(bondsAlpha(input.bondsMovingAverage));
  const vote = { activeStake, consensus, incentive, weightsForBonds: weights, alpha };
  const { dividends, bonds } = input.yuma3 ? bondYuma3(input, vote, curve) : bondYuma2(input, vote);
  return {
    ...voters,
    rank: toBigints(rank),
    consensus: toBigints(consensus),
    validatorTrust: toBigints(validatorTrust),
    incentive: toBigints(incentive),
    dividends: toBigints(dividends),
    bonds: storeBonds(bonds, voters.newPermits),
  };
}

/** Rows as shares of their sums. What counts is what `isVisibleWeight` says, asked once per row. */
function visibleWeights(input: EpochInput, { permits, owner }: Voters): FastRows {
  const { n, weights, commitRevealEnabled } = input;
  const registered = Float64Array.from({ length: n }, (_, column) => input.blockAtRegistration[column] ?? 0);
  const visible = createRows(n, countEntries(weights));
  let length = 0;
  for (let row = 0; row < n; row++) {
    const start = length;
    const openCommit = commitRevealEnabled ? (input.earliestOpenCommit[row] ?? Infinity) : Infinity;
    const before = Math.min(input.lastUpdate[row] ?? 0, openCommit + 1);
    const own = row === owner ? n : row;
    const end = permits[row] ? (weights.starts[row + 1] ?? 0) : 0;
    let sum = 0;
    for (let at = weights.starts[row] ?? 0; at < end; at++) {
      const column = weights.columns[at]!;
      if (column >= n || column === own || registered[column]! >= before) continue;
      visible.columns[length] = column;
      visible.values[length++] = weights.values[at]!;
      sum += weights.values[at]!;
    }
    for (let at = start; sum > 0 && at < length; at++) visible.values[at] = div(visible.values[at]!, sum);
    visible.starts[row + 1] = length;
  }
  return visible;
}

/**
 * Cap the weights at the consensus and count what remains. The weights become those that buy bonds, in place: the part
 * `penalty` of the way from the given ones to the capped ones. Weights that vanish go; a weight of 0 is an entry as
 * well, which with liquid alpha keeps its bond alive, and goes only where the chain makes dense rows on the way.
 */
function clip(weights: FastRows, consensus: Float64Array, activeStake: Float64Array, penalty: number) {
  const { starts, columns, values } = weights;
  const rank = new Float64Array(consensus.length);
  const validatorTrust = new Float64Array(consensus.length);
  const keepsZeros = penalty === 0 || penalty === ONE;
  let at = 0;
  let kept = 0;
  for (let row = 0; row < consensus.length; row++) {
    const stake = activeStake[row]!;
    const end = starts[row + 1]!;
    let trust = 0;
    for (; at < end; at++) {
      const column = columns[at]!;
      const value = values[at]!;
      const capped = Math.min(value, consensus[column]!);
      trust += capped;
      rank[column]! += mul(stake, capped);
      // The chain floors a negative product, which takes the next larger step down.
      const next = penalty === ONE ? capped : value - mulUp(penalty, value - capped);
      columns[kept] = column;
      values[kept] = next;
      if (next > 0 || (value === 0 && keepsZeros)) kept++;
    }
    validatorTrust[row] = trust;
    starts[row + 1] = kept;
  }
  return { rank, validatorTrust };
}

function share(value: number): number {
  return Number(fromU16Share(BigInt(value)));
}

function toBigints(values: Float64Array): bigint[] {
  return Array.from(values, BigInt);
}
