import { chooseActive } from "./active-set.ts";
import { groupForecasts, groupReveals } from "./gate.ts";
import type { Forecast } from "./implied.ts";
import { isNearMedian } from "./outliers.ts";
import { placesOf } from "./regrets.ts";
import { medianDeviation, movingAverage, weightedPercentiles } from "./statistics.ts";
import { type CombineInput, combineAll, type SynthesisInput, synthesise } from "./synthesise.ts";
import type { TopicConfig } from "./topic-config.ts";
import type {
  OpenEpoch,
  RegretMatrix,
  RevealedForecast,
  RevealedValue,
  Reveals,
  TopicState,
  Worker,
} from "./types.ts";

/** F12: the median, and one and two standard deviations of a normal value to both sides. */
const BAND = [2.28, 15.87, 50, 84.13, 97.72] as const;
/** A smaller share in the value before does not count in the spread, when it is filtered. */
const LEAST_SHARE = 1e-6;

/**
 * Combines what was revealed for one nonce.
 *
 * @returns The opened nonce, to be held until its truth is known, and the topic with the spread of the newest values.
 * Undefined when nobody revealed a value.
 */
export function openEpoch(
  topic: TopicState,
  reveals: Reveals,
  config: TopicConfig,
): { open: OpenEpoch; topic: TopicState } | undefined {
  if (reveals.values.length === 0) return undefined;
  const { values, forecasts, duplicates, leftOut } = admit(topic, reveals, config);
  const input = toInput(topic, toColumns(topic, values, forecasts, config));
  const found = synthesise(input, config);
  const all = [...input.values, ...found.implied];
  const total = found.weights.reduce((sum, weight) => sum + weight, 0);
  const shares = Array.from(found.weights, (weight) => weight / total);
  const spread = medianDeviation(values.map(({ value }) => value));
  const open: OpenEpoch = {
    nonce: reveals.nonce,
    baseline: reveals.baseline,
    inferers: values.map(({ id, registeredAt, value }) => ({ id, registeredAt, value })),
    forecasters: forecasts.map(({ id, registeredAt }, k) => ({ id, registeredAt, value: found.implied[k]! })),
    duplicates,
    leftOut,
    combined: found.combined,
    naive: found.naive,
    oneOutInferer: [...found.oneOutInferer],
    impliedWithout: values.map((_, j) =>
      forecasts.map((_, k) => orNull(found.impliedWithout[j * forecasts.length + k]!)),
    ),
    oneOutForecaster: [...found.oneOutForecaster],
    oneIn: [...found.oneIn],
    outlierResistant: withoutOutliers(topic, values, forecasts, config) ?? found.combined,
    band: weightedPercentiles(all, found.weights, BAND) as OpenEpoch["band"],
    infererWeights: shares.slice(0, values.length),
    forecasterWeights: shares.slice(values.length),
  };
  const mad = movingAverage(config.outlierAlpha, spread.mad, topic.mad);
  return { open, topic: { ...topic, median: spread.median, mad } };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

type Admitted = {
  values: RevealedValue[];
  /** Only elements about somebody present, and only who has one. */
  forecasts: RevealedForecast[];
  duplicates: OpenEpoch["duplicates"];
  leftOut: string[];
};

/** Who takes part: one of each group of equals (F18), and no more than there are seats. */
function admit(topic: TopicState, { values, forecasts }: Reveals, config: TopicConfig): Admitted {
  const isPlain = config.rewardMap === "plain";
  const same = { absolute: config.sameAbsolute, relative: config.sameRelative };
  const valueGroups = isPlain ? values.map((value) => [value]) : groupReveals(values, same);
  const inferers = chooseActive(firstOf(valueGroups), topic.inferers, config.maxInferers);
  const present = new Set(inferers.map(({ id }) => id));
  const speaking = forecasts
    .map((forecast) => ({ ...forecast, elements: elementsAbout(forecast, present, config) }))
    .filter(({ elements }) => elements.length > 0);
  const forecastGroups = isPlain ? speaking.map((forecast) => [forecast]) : groupForecasts(speaking, same);
  const forecasters = chooseActive(firstOf(forecastGroups), topic.forecasters, config.maxForecasters);
  return {
    values: inferers,
    forecasts: forecasters,
    duplicates: [...duplicatesIn(valueGroups), ...duplicatesIn(forecastGroups)],
    leftOut: [...missingIn(inferers, valueGroups), ...missingIn(forecasters, forecastGroups)].sort(),
  };
}

function duplicatesIn(groups: readonly { id: string }[][]): OpenEpoch["duplicates"] {
  return groups.flatMap(([first, ...others]) => others.map(({ id }) => ({ id, of: first!.id })));
}

function missingIn(seated: readonly { id: string }[], groups: readonly { id: string }[][]): string[] {
  const ids = new Set(seated.map(({ id }) => id));
  return firstOf(groups)
    .map(({ id }) => id)
    .filter((id) => !ids.has(id));
}

function firstOf<Member>(groups: readonly Member[][]): Member[] {
  return groups.map(([first]) => first!);
}

/** In the order of ids, one for each. */
function elementsAbout(
  { elements }: RevealedForecast,
  present: ReadonlySet<string>,
  { maxForecastElements }: TopicConfig,
): RevealedForecast["elements"] {
  const about = new Map(elements.slice(0, maxForecastElements).map((element) => [element.id, element]));
  return [...about.values()].filter(({ id }) => present.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Where those who are present stand in the topic's columns; undefined: it does not know them. */
type Places = { inferers: (number | undefined)[]; forecasters: (number | undefined)[] };

/** What the topic knows of those who are present. Who is new starts from the initial regret. */
function toColumns(
  topic: TopicState,
  values: readonly RevealedValue[],
  forecasts: readonly RevealedForecast[],
  config: TopicConfig,
): CombineInput & { workers: (Worker | undefined)[]; places: Places } {
  const placeOfInferer = placesOf(topic.inferers);
  const placeOfForecaster = placesOf(topic.forecasters);
  const places = {
    inferers: values.map(({ id }) => placeOfInferer.get(id)),
    forecasters: forecasts.map(({ id }) => placeOfForecaster.get(id)),
  };
  const workers = [
    ...places.inferers.map((place) => (place === undefined ? undefined : topic.inferers[place])),
    ...places.forecasters.map((place) => (place === undefined ? undefined : topic.forecasters[place])),
  ];
  const position = placesOf(values);
  return {
    values: new Float64Array(values.map(({ value }) => value)),
    isNew: new Uint8Array(values.map((_, j) => (typeof workers[j]?.regret === "number" ? 0 : 1))),
    forecasts: forecasts.map(
      ({ elements }): Forecast => ({
        inferers: new Int32Array(elements.map(({ id }) => position.get(id)!)),
        log10Loss: new Float64Array(elements.map(({ log10Loss }) => log10Loss)),
      }),
    ),
    regrets: new Float64Array(workers.map((worker) => worker?.regret ?? topic.initialRegret)),
    networkLoss: topic.networkLoss,
    counted:
      config.norm === "stdev"
        ? undefined
        : new Uint8Array(workers.map((worker) => ((worker?.weight ?? 1) > LEAST_SHARE ? 1 : 0))),
    workers,
    places,
  };
}

function toInput(
  topic: TopicState,
  { workers, places, ...columns }: ReturnType<typeof toColumns>,
): SynthesisInput {
  const { oneOutRegrets, oneInRegrets, initialRegret } = topic;
  const { inferers, forecasters } = places;
  const n = inferers.length;
  const all = [
    ...inferers,
    ...forecasters.map((place) => (place === undefined ? undefined : topic.inferers.length + place)),
  ];
  const oneOut = new Float64Array(all.length ** 2);
  all.forEach((row, at) => {
    fillRow(oneOut, at * all.length, oneOutRegrets, row, all, initialRegret);
  });
  const oneIn = new Float64Array(forecasters.length * (n + 1));
  forecasters.forEach((row, k) => {
    fillRow(oneIn, k * (n + 1), oneInRegrets, row, inferers, initialRegret);
    oneIn[k * (n + 1) + n] = workers[n + k]?.selfRegret ?? initialRegret;
  });
  return {
    ...columns,
    naiveRegrets: new Float64Array(workers.slice(0, n).map((worker) => worker?.naiveRegret ?? initialRegret)),
    oneOutRegrets: oneOut,
    oneInRegrets: oneIn,
  };
}

/** Copies one row of what the topic remembers, in the order of those who are present. */
function fillRow(
  filled: Float64Array,
  from: number,
  matrix: RegretMatrix,
  row: number | undefined,
  columns: readonly (number | undefined)[],
  initial: number,
): void {
  const known = row === undefined ? undefined : matrix[row];
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at];
    filled[from + at] = (known === undefined || column === undefined ? undefined : known[column]) ?? initial;
  }
}

/** F11: the combined value of those near the last median. Undefined: nobody is out, or nobody would be left. */
function withoutOutliers(
  topic: TopicState,
  values: readonly RevealedValue[],
  forecasts: readonly RevealedForecast[],
  config: TopicConfig,
): number | undefined {
  const { median: lastMedian, mad } = topic;
  if (lastMedian === null || mad === null) return undefined;
  const near = values.filter(({ value }) => isNearMedian(value, lastMedian, mad, config.outlierThreshold));
  if (near.length === values.length || near.length === 0) return undefined;
  const present = new Set(near.map(({ id }) => id));
  const about = forecasts
    .map((forecast) => ({ ...forecast, elements: elementsAbout(forecast, present, config) }))
    .filter(({ elements }) => elements.length > 0);
  return combineAll(toColumns(topic, near, about, config), config).combined;
}
