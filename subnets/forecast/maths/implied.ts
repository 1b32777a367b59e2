import { median } from "./statistics.ts";
import { combine, type WeightMap, weigh } from "./weights.ts";

/** What one forecaster says of the inferers that are present: columns of equal length. */
export type Forecast = {
  /** Positions of inferers, ascending. */
  inferers: Int32Array;
  log10Loss: Float64Array;
};

/** What a forecast is combined with. `scratch` has room for every inferer. */
export type ImpliedContext = {
  values: Float64Array;
  /** Log10 loss of the last combined value. */
  networkLoss: number;
  map: WeightMap;
  scratch: { values: Float64Array; regrets: Float64Array };
};

/** Nobody is left out. */
export const NOBODY = -1;

/**
 * F5: the value that a forecast implies: what the inferers said, weighed by how much better than the last combination
 * each is expected to be.
 *
 * @param without - Position of the inferer that is left out, or NOBODY.
 * @param isAllNew - Is every inferer that is not left out a newcomer? Then there is no last combination to compare with.
 * @returns NaN when the forecast speaks of nobody.
 */
export function impliedValue(
  forecast: Forecast,
  { values, networkLoss, map, scratch }: ImpliedContext,
  without: number,
  isAllNew: boolean,
): number {
  let count = 0;
  for (let e = 0; e < forecast.inferers.length; e++) {
    const inferer = forecast.inferers[e]!;
    if (inferer === without) continue;
    scratch.values[count] = values[inferer]!;
    scratch.regrets[count] = networkLoss - forecast.log10Loss[e]!;
    count++;
  }
  if (count === 0) return Number.NaN;
  if (count === 1) return scratch.values[0]!;
  if (isAllNew) return median(scratch.values.subarray(0, count));
  weigh(scratch.regrets, count, scratch.regrets, map);
  return combine(scratch.values, scratch.regrets, count);
}
