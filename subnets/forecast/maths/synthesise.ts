import { clear, combinedOf, createGroup, type Group, join } from "./group.ts";
import { type Forecast, type ImpliedContext, impliedValue, NOBODY } from "./implied.ts";
import type { WeightMap } from "./weights.ts";

/**
 * What one nonce is combined from: `n` inferers and `m` forecasters, inferers first where both stand in one column. Each
 * forecast speaks of at least one inferer. Matrices are row-major.
 */
export type SynthesisInput = {
  /** [n], at least one. */
  values: Float64Array;
  /** [n], 1: nobody knows yet how good it is. */
  isNew: Uint8Array;
  /** [m] */
  forecasts: readonly Forecast[];
  /** [n + m], against the combined value. */
  regrets: Float64Array;
  /** [n], against the naive value. */
  naiveRegrets: Float64Array;
  /** [n + m x n + m]: row l has the regrets against the value without l. */
  oneOutRegrets: Float64Array;
  /** [m x n + 1]: row k has those against the value of the inferers and forecaster k, its own last. */
  oneInRegrets: Float64Array;
  /** Log10 loss of the last combined value. */
  networkLoss: number;
  /** [n + m], 0: its regret does not count in the spread. Undefined: all do. */
  counted?: Uint8Array | undefined;
};

/** Every variant of the combined value. */
export type Synthesis = {
  combined: number;
  naive: number;
  /** [m] */
  implied: Float64Array;
  /** [n], the naive value where nobody else is there. */
  oneOutInferer: Float64Array;
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
  const { values, forecasts, isNew } = input;
  const n = values.length;
  const m = forecasts.length;
  const group = createGroup(n + m);
  const context: ImpliedContext = {
    values,
    networkLoss: input.networkLoss,
    map,
    scratch: { values: new Float64Array(n), regrets: new Float64Array(n) },
  };
  const experienced = n - isNew.reduce((sum, each) => sum + each, 0);
  const implied = Float64Array.from(forecasts, (forecast) =>
    impliedValue(forecast, context, NOBODY, experienced === 0),
  );
  const weights = new Float64Array(n + m);
  if (experienced === 0) {
    const mean = meanWithout(values, NOBODY);
    weights.fill(1, 0, n);
    return {
      combined: mean,
      naive: mean,
      implied,
      oneOutInferer: values.map((_, j) => (n === 1 ? mean : meanWithout(values, j))),
      oneOutForecaster: new Float64Array(m).fill(mean),
      oneIn: new Float64Array(m).fill(mean),
      weights,
    };
  }

  gather(group, input, { regrets: input.regrets, from: 0, implied, without: NOBODY });
  const combined = combinedOf(group, map);
  weights.set(group.weights);

  clear(group);
  joinInferers(group, input, input.naiveRegrets, 0, NOBODY);
  const naive = combinedOf(group, map);

  const rows = { regrets: input.oneOutRegrets, implied: new Float64Array(m) };
  const mentions = toMentions(forecasts, n);
  const oneOutInferer = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    if (n === 1) oneOutInferer[j] = naive;
    else if (experienced + isNew[j]! === 1) oneOutInferer[j] = meanWithout(values, j);
    else {
      for (let k = 0; k < m; k++)
        rows.implied[k] = mentions[k * n + j] ? impliedValue(forecasts[k]!, context, j, false) : implied[k]!;
      gather(group, input, { ...rows, from: j * (n + m), without: j });
      oneOutInferer[j] = combinedOf(group, map);
    }
  }

  const oneOutForecaster = new Float64Array(m);
  const oneIn = new Float64Array(m);
  for (let k = 0; k < m; k++) {
    gather(group, input, { ...rows, implied, from: (n + k) * (n + m), without: n + k });
    oneOutForecaster[k] = combinedOf(group, map);

    clear(group);
    joinInferers(group, input, input.oneInRegrets, k * (n + 1), NOBODY);
    join(group, implied[k]!, input.oneInRegrets[k * (n + 1) + n]!, input.counted?.[n + k] !== 0);
    oneIn[k] = combinedOf(group, map);
  }
  return { combined, naive, implied, oneOutInferer, oneOutForecaster, oneIn, weights };
}

type Variant = { regrets: Float64Array; from: number; implied: Float64Array; without: number };

/** Everybody but one. A forecaster without anybody left to speak of is not there either. */
function gather(group: Group, input: SynthesisInput, { regrets, from, implied, without }: Variant): void {
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
  { values, counted }: SynthesisInput,
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
