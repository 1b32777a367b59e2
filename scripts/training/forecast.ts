import { createHash } from "node:crypto";
import { childSeed } from "../../shared/rules/beacon.ts";
import { spearman } from "../../shared/rules/spearman.ts";
import { STEP_FEATURES, seriesFeatures, WINDOW } from "../../subnets/forecast/features.ts";
import { drawSeries } from "../../subnets/forecast/generator.ts";
import { type Forecaster, makeForecasters, sayPeers } from "./forecast-forecasters.ts";
import { type Inferer, makeInferers, type Windows } from "./forecast-inferers.ts";
import { playTopic, type Teller, type TopicNonce, toPeerRows } from "./forecast-topic.ts";
import type { Trained } from "./model-file.ts";

/** Nothing up its sleeve: the seed of all training, far from any beacon. */
const SEED = childSeed(new Uint8Array(32), "subforge forecast models 1");

const TRAINING_STEPS = 10_000;
/** One window in so many is of a series that has just begun. */
const YOUNG = 5;
const HELD_OUT_STEPS = 10_000;

const TOPICS = 12;
const HELD_OUT_TOPICS = 12;
const NONCES = 240;

/** Five inferers, from nothing learned to trees, and two forecasters. */
export function makeForecastModels(): Trained[] {
  const data = forecastDataHash();
  const inferers = makeInferers(drawWindows("training", TRAINING_STEPS, YOUNG), STEP_FEATURES, SEED);
  const heldOut = drawWindows("held out", HELD_OUT_STEPS);
  const lazy = meanError(heldOut, inferers[0]!.predict(heldOut));
  const tellers = inferers.map(toTeller);
  const rows = toPeerRows(playTopics("training", TOPICS, tellers));
  return [
    ...inferers.map((inferer) => ({ ...measureInferer(inferer, heldOut, lazy), data })),
    ...makeForecasters(rows, SEED).map((forecaster) => ({ ...measureForecaster(forecaster, tellers), data })),
  ];
}

/** SHA-256 of a fixed stretch of the series: another one, and the models learned from others. */
export function forecastDataHash(): string {
  const values = Float64Array.from(drawSeries(childSeed(SEED, "probe"), 64), ({ value }) => value);
  return createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");
}

function playTopics(
  part: string,
  count: number,
  tellers: readonly Teller[],
  sayer: Parameters<typeof playTopic>[3] = null,
) {
  return Array.from({ length: count }, (_, at) =>
    playTopic(childSeed(SEED, `${part} topic ${at}`), NONCES, tellers, sayer),
  );
}

/** @param young - One in so many holds fewer values than there is room for. Default: none. */
function drawWindows(part: string, steps: number, young = 0): Windows {
  const series = drawSeries(childSeed(SEED, part), WINDOW + steps).map(({ value }) => value);
  const rows = Array.from({ length: steps }, (_, at) =>
    toWindow(series.slice(at + (at % young === 0 ? missing(at) : 0), at + WINDOW), series[at + WINDOW]!),
  );
  const z = new Float32Array(steps * WINDOW);
  rows.forEach((row, at) => {
    z.set(row.z, at * WINDOW);
  });
  return {
    ...{ z, length: WINDOW },
    next: Float64Array.from(rows, ({ next }) => next),
    units: Float64Array.from(rows, ({ unit }) => unit),
  };
}

/** 0 to 13, one after the other: two values are the least that have a unit. */
function missing(at: number): number {
  return at % (WINDOW - 2);
}

/** In its own units, as the graphs have it. */
function toWindow(series: readonly number[], next: number) {
  const { data } = seriesFeatures(series);
  const mean = data.reduce((sum, value) => sum + value, 0) / WINDOW;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / WINDOW;
  const unit = Math.max(Math.sqrt(variance), 1e-12);
  return { z: data.map((value) => (value - mean) / unit), next: (next - mean) / unit, mean, unit };
}

function toTeller({ name, predict }: Inferer): Teller {
  return {
    name,
    say: (series) => {
      const { z, mean, unit } = toWindow(series.slice(-WINDOW), 0);
      const window = { z, length: WINDOW, next: new Float64Array(1), units: Float64Array.of(unit) };
      return mean + unit * predict(window)[0]!;
    },
  };
}

function meanError({ next, units }: Windows, said: Float64Array): number {
  return next.reduce((sum, value, row) => sum + ((said[row]! - value) * units[row]!) ** 2, 0) / next.length;
}

/** Quality: the share of the squared error of persistence that is gone. */
function measureInferer(inferer: Inferer, heldOut: Windows, lazy: number): Trained {
  const { name, how, onnx } = inferer;
  const error = meanError(heldOut, inferer.predict(heldOut));
  // In units of the window its mean is 0.
  const spread = meanError(heldOut, new Float64Array(heldOut.next.length));
  return {
    ...{ name, how, onnx, role: "inferer" },
    quality: Math.max(0, 1 - error / lazy),
    accuracy: Math.max(0, 1 - error / spread),
    metric: "R2 against the mean of the window",
  };
}

/** Quality: the share of the squared error of the inferers' value that is gone in the value they and it make together. */
function measureForecaster({ name, how, net, onnx }: Forecaster, tellers: readonly Teller[]): Trained {
  const topics = playTopics("held out", HELD_OUT_TOPICS, tellers, (seen) => sayPeers(net, seen)).flat();
  const sum = (of: (nonce: TopicNonce) => number) => topics.reduce((total, nonce) => total + of(nonce), 0);
  const ranks = sum(({ seen, regrets }) => spearman(sayPeers(net, seen), regrets)) / topics.length;
  return {
    ...{ name, how, onnx, role: "forecaster" },
    quality: Math.max(0, 1 - sum((nonce) => nonce.combinedError) / sum((nonce) => nonce.naiveError)),
    accuracy: Math.max(0, ranks),
    metric: "rank correlation of what it said of peers with what came",
  };
}
