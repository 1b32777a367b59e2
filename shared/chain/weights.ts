import { SubforgeError } from "../errors.ts";
import type { Uid } from "../types.ts";
import type { SubnetRules, WireWeights } from "./chain.ts";

/** Largest weight on the wire: the chain stores u16. */
export const U16_MAX = 65_535;

/** What every uid gets on top when fewer than the chain's minimum have any: the SDK's own value. */
const FILL_WEIGHT = 1e-5;

/** Keeps the largest share below its limit after rounding. The SDK's own value. */
const EPSILON = 1e-7;

/**
 * Scale weights so that the best miner gets 65535, within the chain's rules: a share above the limit is cut, and
 * with too few positive weights every uid gets a little. A miner that rounds to 0 is left out.
 *
 * Source: opentensor/bittensor, bittensor/utils/weight_utils.py, process_weights and convert_weights_and_uids_for_emit.
 *
 * @param weights - Any unit, finite and >= 0.
 * @param neurons - Slots of the subnet: uids are 0..neurons-1.
 * @returns Uids ascending. Both columns are empty when nobody scored: do not send that.
 * @throws SubforgeError WEIGHTS_INVALID
 * @example toWireWeights([{ uid: 7, weight: 1 }, { uid: 3, weight: 0.5 }], rules, 8) // { uids: [3, 7], values: [32768, 65535] }
 */
export function toWireWeights(
  weights: readonly { uid: Uid; weight: number }[],
  rules: Pick<SubnetRules, "minAllowedWeights" | "maxWeightLimit">,
  neurons: number,
): WireWeights {
  checkWeights(weights, neurons);
  if (weights.every(({ weight }) => weight === 0)) return { uids: [], values: [] };
  const ordered = [...weights].sort((a, b) => a.uid - b.uid);
  const processed = processWeights({
    uids: ordered.map(({ uid }) => uid),
    weights: ordered.map(({ weight }) => weight),
    numNeurons: neurons,
    minAllowedWeights: rules.minAllowedWeights,
    maxWeightLimit: rules.maxWeightLimit / U16_MAX,
    excludeQuantile: 0,
  });
  return toU16(processed.uids, processed.weights);
}

/**
 * Shares that add up to 1, after the exclusion of the lowest quantile and the limit of one share.
 *
 * @param input.maxWeightLimit - 0..1.
 * @param input.excludeQuantile - u16 of 65535: the lowest part that is dropped, as long as the minimum stays.
 */
export function processWeights(input: {
  uids: readonly Uid[];
  weights: readonly number[];
  numNeurons: number;
  minAllowedWeights: number;
  maxWeightLimit: number;
  excludeQuantile: number;
}): { uids: Uid[]; weights: number[] } {
  const { numNeurons, minAllowedWeights, maxWeightLimit } = input;
  const positive = input.uids
    .map((uid, i) => ({ uid, weight: input.weights[i]! }))
    .filter(({ weight }) => weight > 0);
  const everybody = Array.from({ length: numNeurons }, (_, uid) => uid);
  if (positive.length === 0 || numNeurons < minAllowedWeights) {
    return { uids: everybody, weights: everybody.map(() => 1 / numNeurons) };
  }
  if (positive.length < minAllowedWeights) {
    const filled = everybody.map(() => FILL_WEIGHT);
    for (const { uid, weight } of positive) filled[uid]! += weight;
    return { uids: everybody, weights: normalizeMaxWeight(filled, maxWeightLimit) };
  }
  const mayDrop = Math.max(0, positive.length - minAllowedWeights) / positive.length;
  const lowest = quantile(
    positive.map(({ weight }) => weight),
    Math.min(input.excludeQuantile / U16_MAX, mayDrop),
  );
  const kept = positive.filter(({ weight }) => lowest <= weight);
  return {
    uids: kept.map(({ uid }) => uid),
    weights: normalizeMaxWeight(
      kept.map(({ weight }) => weight),
      maxWeightLimit,
    ),
  };
}

/** Shares that add up to 1, none above `limit`; equal shares when the limit cannot be kept otherwise. */
export function normalizeMaxWeight(x: readonly number[], limit: number): number[] {
  const total = sum(x);
  if (total === 0 || x.length * limit <= 1) return x.map(() => 1 / x.length);
  const shares = x.map((value) => value / total).sort((a, b) => a - b);
  if (shares.at(-1)! <= limit) return x.map((value) => value / total);
  const sums = cumulative(shares);
  // How many stay below the limit when everybody above is cut down to this one.
  const uncut = shares.filter(
    (share, i) => share / ((shares.length - i - 1) * share + sums[i]! + EPSILON) < limit,
  ).length;
  const scale = (limit * (sums[uncut - 1] ?? 0) - EPSILON) / (1 - limit * (shares.length - uncut));
  const cut = x.map((value) => Math.min(value, scale * total));
  const left = sum(cut);
  return cut.map((value) => value / left);
}

/** The largest becomes 65535, the rest in proportion, halves to even. Zeros are left out. */
export function toU16(uids: readonly Uid[], weights: readonly number[]): WireWeights {
  const largest = Math.max(0, ...weights);
  const wire: WireWeights = { uids: [], values: [] };
  if (largest === 0) return wire;
  uids.forEach((uid, i) => {
    const value = roundHalfToEven((weights[i]! / largest) * U16_MAX);
    if (value === 0) return;
    wire.uids.push(uid);
    wire.values.push(value);
  });
  return wire;
}

/**
 * Is this a vector that may be signed? For what was decided earlier, and was in a file since.
 *
 * @param slots - Uids are 0..slots-1.
 * @returns What is wrong with it.
 */
export function findFlaw({ uids, values }: WireWeights, slots: number): string | undefined {
  if (uids.length !== values.length) return `${uids.length} uids and ${values.length} values`;
  if (uids.length === 0) return "nobody gets anything";
  for (const [i, uid] of uids.entries()) {
    const value = values[i]!;
    if (!Number.isInteger(uid) || uid < 0 || uid >= slots)
      return `uid ${uid} is not one of the ${slots} slots`;
    if (i > 0 && uid <= uids[i - 1]!) return `uid ${uid} stands after ${uids[i - 1]}`;
    if (!Number.isInteger(value) || value < 0 || value > U16_MAX) return `uid ${uid} has ${value}`;
  }
  return sum(values) > 0 ? undefined : "nobody gets anything";
}

function checkWeights(weights: readonly { uid: Uid; weight: number }[], neurons: number): void {
  const seen = new Set<Uid>();
  for (const { uid, weight } of weights) {
    const problem =
      !Number.isInteger(uid) || uid < 0 || uid >= neurons
        ? `uid ${uid} is not one of the ${neurons} slots`
        : seen.has(uid)
          ? `uid ${uid} stands twice`
          : !Number.isFinite(weight) || weight < 0
            ? `uid ${uid} has weight ${weight}`
            : undefined;
    if (problem) throw new SubforgeError("WEIGHTS_INVALID", { problem });
    seen.add(uid);
  }
}

/** Linear between order statistics. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (high - low) * (position - below);
}

function cumulative(values: readonly number[]): number[] {
  let running = 0;
  return values.map((value) => {
    running += value;
    return running;
  });
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
