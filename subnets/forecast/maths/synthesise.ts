import { clear, combinedOf, createGroup, type Group, join } from "./group.ts";
import { type Forecast, type ImpliedContext, impliedValue, NOBODY } from "./implied.ts";
import type { WeightMap } from "./weights.ts";

/**
 * What one nonce is combined from: `n` inferers and `m` forecasters, inferers first where both stand in one column. Each
 * forecast speaks of at least one inferer.
 */
export type CombineInput = {
  /** [n], at least one. */
  values: Float64Array;
  /** [n], 1: nobody knows yet how good it is. */
  isNew: Uint8Array;
  /** [m] */
  forecasts: readonly Forecast[];
  /** [n + m], against the combined value. */
  regrets: Float64Array;
  /** Log10 loss of the last combined value. */
  networkLoss: number;
  /** [n + m], 0: its regret does not count in the spread. Undefined: all do. */
  counted?: Uint8Array | undefined;
};

/** And what its variants are combined with. Matrices are row-major. */
export type SynthesisInput = CombineInput & {
  /** [n], against the naive value. */
  naiveRegrets: Float64Array;
  /** [n + m x n + m]: row l has the regrets against the value without l. */
  oneOutRegrets: Float64Array;
  /** [m x n + 1]: row k has those against the value of the inferers and forecaster k, its own last. */
  oneInRegrets: Float64Array;
};

/** Every variant of the combined value. */
export type Synthesis = {
  combined: number;
  naive: number;
  /** [m] */
  implied: Float64Array;
  /** [n], the naive value where nobody else is there. */
  oneOutInferer: Float64Array;
  /** [n x m]: what forecasts imply without that inferer. NaN: it speaks of nobody else. */
  impliedWithout: Float64Array;
  /** [m] */
  oneOutForecaster: Float64Array;
  /** [m] */
  oneIn: Float64Array;
  /** [n + m], of `combined`, not normalised. */
  weights: Float64Array;
};

/**
 * F2 to F6: the combined value, and what it would be without or with each. Removing an inferer changes what forecasts
 * imply; removing a forecaster changes nothing of the others. Where every inferer is new, values are plain means.
 *
 * The order of additions is that of the columns: the same input gives the same bits.
 */
export function synthesise(input: SynthesisInput, map: WeightMap): Synthesis {
  const work = prepare(input, map);
  const { combined, implied, weights } = combineAll(input, map, work);
  const naive = naiveValue(input, map, work, combined);
  return {
    combined,
    naive,
    implied,
    ...withoutEachInferer(input, map, work, { implied, naive }),
    ...withAndWithoutEachForecaster(input, map, work, { implied, combined }),
    weights,
  };
}

/** The combined value alone (F2 to F5), with what went into it. */
export function combineAll(
  input: CombineInput,
  map: WeightMap,
  { context, group, experienced }: Work = prepare(input, map),
): Pick<Synthesis, "combined" | "implied" | "weights"> {
  const { values, forecasts } = input;
  const implied = Float64Array.from(forecasts, (forecast) =>
    impliedValue(forecast, context, NOBODY, experienced === 0),
  );
  if (experienced === 0) {
    const weights = new Float64Array(values.length + forecasts.length).fill(1, 0, values.length);
    return { combined: meanWithout(values, NOBODY), implied, weights };
  }
  gather(group, input, { regrets: input.regrets, from: 0, implied, without: NOBODY });
  const combined = combinedOf(group, map);
  return { combined, implied, weights: group.weights.slice() };
}

/** What all variants share, made once. */
type Work = { context: ImpliedContext; group: Group; experienced: number };

function prepare({ values, forecasts, isNew, networkLoss }: CombineInput, map: WeightMap): Work {
  const n = values.length;
  const scratch = { values: new Float64Array(n), regrets: new Float64Array(n) };
  return {
    context: { values, networkLoss, map, scratch },
    group: createGroup(n + forecasts.length),
    experienced: n - isNew.reduce((sum, each) => sum + each, 0),
  };
}

function naiveValue(
  input: SynthesisInput,
  map: WeightMap,
  { group, experienced }: Work,
  combined: number,
): number {
  if (experienced === 0) return combined;
  clear(group);
  joinInferers(group, input, input.naiveRegrets, 0, NOBODY);
  return combinedOf(group, map);
}

function withoutEachInferer(
  input: SynthesisInput,
  map: WeightMap,
  { context, group, experienced }: Work,
  { implied, naive }: { implied: Float64Array; naive: number },
): Pick<Synthesis, "oneOutInferer" | "impliedWithout"> {
  const { values, forecasts, isNew } = input;
  const n = values.length;
  const m = forecasts.length;
  const mentions = toMentions(forecasts, n);
  const oneOutInferer = new Float64Array(n).fill(naive);
  const impliedWithout = new Float64Array(n * m);
  for (let j = 0; j < n; j++) {
    const isAllNew = experienced - (1 - isNew[j]!) === 0;
    const without = impliedWithout.subarray(j * m, (j + 1) * m);
    for (let k = 0; k < m; k++) {
      const isSame = !mentions[k * n + j] && (!isAllNew || experienced === 0);
      without[k] = isSame ? implied[k]! : impliedValue(forecasts[k]!, context, j, isAllNew);
    }
    if (n === 1) continue;
    if (isAllNew) oneOutInferer[j] = meanWithout(values, j);
    else {
      const from = j * (n + m);
      gather(group, input, { regrets: input.oneOutRegrets, from, implied: without, without: j });
      oneOutInferer[j] = combinedOf(group, map);
    }
  }
  return { oneOutInferer, impliedWithout };
}

function withAndWithoutEachForecaster(
  input: SynthesisInput,
  map: WeightMap,
  { group, experienced }: Work,
  { implied, combined }: { implied: Float64Array; combined: number },
): Pick<Synthesis, "oneOutForecaster" | "oneIn"> {
  const n = input.values.length;
  const m = implied.length;
  const oneOutForecaster = new Float64Array(m).fill(combined);
  const oneIn = new Float64Array(m).fill(combined);
  if (experienced === 0) return { oneOutForecaster, oneIn };
  for (let k = 0; k < m; k++) {
    const from = (n + k) * (n + m);
    gather(group, input, { regrets: input.oneOutRegrets, from, implied, without: n + k });
    oneOutForecaster[k] = combinedOf(group, map);

    clear(group);
    joinInferers(group, input, input.oneInRegrets, k * (n + 1), NOBODY);
    join(group, implied[k]!, input.oneInRegrets[k * (n + 1) + n]!, input.counted?.[n + k] !== 0);
    oneIn[k] = combinedOf(group, map);
  }
  return { oneOutForecaster, oneIn };
}

type Variant = { regrets: Float64Array; from: number; implied: Float64Array; without: number };

/** Everybody but one. A forecaster without anybody left to speak of is not there either. */
function gather(group: Group, input: CombineInput, { regrets, from, implied, without }: Variant): void {
  const n = input.values.length;
  clear(group);
  joinInferers(group, input, regrets, from, without);
  for (let k = 0; k < implied.length; k++) {
    const value = implied[k]!;
    if (n + k === without || Number.isNaN(value)) continue;
    join(group, value, regrets[from + n + k]!, input.counted?.[n + k] !== 0);
  }
}

function joinInferers(
  group: Group,
  { values, counted }: CombineInput,
  regrets: Float64Array,
  from: number,
  without: number,
): void {
  for (let j = 0; j < values.length; j++)
    if (j !== without) join(group, values[j]!, regrets[from + j]!, counted?.[j] !== 0);
}

/** [m x n], 1: that forecast speaks of that inferer. */
function toMentions(forecasts: readonly Forecast[], n: number): Uint8Array {
  const mentions = new Uint8Array(forecasts.length * n);
  forecasts.forEach(({ inferers }, k) => {
    for (const inferer of inferers) mentions[k * n + inferer] = 1;
  });
  return mentions;
}

function meanWithout(values: Float64Array, without: number): number {
  let sum = 0;
  for (let j = 0; j < values.length; j++) if (j !== without) sum += values[j]!;
  return sum / (values.length - (without === NOBODY ? 0 : 1));
}
