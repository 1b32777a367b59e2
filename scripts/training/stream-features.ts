import type { OnnxGraph } from "../../shared/onnx-writer.ts";
import { tensor } from "../../shared/tensor.ts";
import { SENSORS, STEPS } from "../../subnets/inference/presets/anomaly-streams.ts";

/** A bank of filters over time, [STEPS, count] row-major. Each sums to 0, so that a sensor's offset does not matter. */
type Bank = { name: string; count: number; values: Float64Array };

/** Each sensor by itself, and against the mean of the others: what the sensors share is gone from the second. */
export const VIEWS = ["alone", "compared"] as const;
export type View = (typeof VIEWS)[number];

/**
 * What is read off each sensor: the largest answer of four filters (a move, a bend, a step, a ramp that begins), the
 * most and the least movement in a window of time, and the mean of it.
 */
export const KINDS = ["moves", "bends", "steps", "ramps", "most", "least", "movement"] as const;

/** Steps of a window in which local movement is measured. */
const WINDOW = 6;

/** Keeps a logarithm finite where a sensor stands still. */
const FLOOR = 0.02;

const MOVES = bank("moves", STEPS - 1, (at, t) => (t === at + 1 ? 1 : t === at ? -1 : 0));
const BENDS = bank("bends", STEPS - 2, (at, t) => (t === at + 1 ? 2 : t === at || t === at + 2 ? -1 : 0));
const STEP_BANK = bank("steps", STEPS - 11, (at, t) => {
  if (t < at || t >= at + 12) return 0;
  return t < at + 6 ? -1 / 6 : 1 / 6;
});
const RAMPS = bank("ramps", STEPS - 13, (at, t) => Math.max(0, t - at - 4) / 8);
const WINDOWS = windows();

/** In the order of KINDS. */
const LARGEST = [MOVES, BENDS, STEP_BANK, RAMPS] as const;
const PER_CHANNEL = KINDS.length;

/** Numbers that describe one item: of each view, the largest of every kind over the sensors, then the means. */
export const FEATURES = VIEWS.length * 2 * PER_CHANNEL;

/** @param streams - [items, STEPS, SENSORS]. @returns [items, FEATURES] */
export function streamFeatures(streams: ArrayLike<number>): Float64Array {
  const width = STEPS * SENSORS;
  const items = streams.length / width;
  const features = new Float64Array(items * FEATURES);
  for (let item = 0; item < items; item++) {
    const channels = toChannels((t, sensor) => streams[item * width + t * SENSORS + sensor]!);
    const rows = channels.map(readChannel);
    for (let view = 0; view < VIEWS.length; view++) {
      for (let f = 0; f < PER_CHANNEL; f++) {
        const values = rows.slice(view * SENSORS, (view + 1) * SENSORS).map((row) => row[f]!);
        const at = item * FEATURES + view * 2 * PER_CHANNEL + f;
        features[at] = Math.max(...values);
        features[at + PER_CHANNEL] = values.reduce((sum, value) => sum + value, 0) / SENSORS;
      }
    }
  }
  return features;
}

/** The same in nodes of a graph: from `x` [N, STEPS, SENSORS] to `features` [N, FEATURES]. */
export function featureNodes(): Pick<OnnxGraph, "nodes" | "constants"> {
  const nodes: OnnxGraph["nodes"][number][] = [
    { op: "Transpose", inputs: ["x"], outputs: ["by_sensor"], attributes: { perm: [0, 2, 1] } },
    { op: "ReduceMean", inputs: ["by_sensor"], outputs: ["means"], attributes: { axes: [2] } },
    { op: "Sub", inputs: ["by_sensor", "means"], outputs: ["centred"] },
    { op: "Mul", inputs: ["centred", "centred"], outputs: ["squares"] },
    { op: "ReduceMean", inputs: ["squares"], outputs: ["variance"], attributes: { axes: [2] } },
    { op: "Add", inputs: ["variance", "floor"], outputs: ["floored_variance"] },
    { op: "Sqrt", inputs: ["floored_variance"], outputs: ["deviation"] },
    { op: "Div", inputs: ["centred", "deviation"], outputs: ["alone"] },
    { op: "MatMul", inputs: ["against", "alone"], outputs: ["compared"] },
    { op: "Concat", inputs: ["alone", "compared"], outputs: ["channels"], attributes: { axis: 1 } },
  ];
  for (const { name } of LARGEST) {
    nodes.push(
      { op: "MatMul", inputs: ["channels", name], outputs: [`${name}_answers`] },
      { op: "Abs", inputs: [`${name}_answers`], outputs: [`${name}_sizes`] },
      { op: "ReduceMax", inputs: [`${name}_sizes`], outputs: [`${name}_largest`], attributes: { axes: [2] } },
    );
  }
  nodes.push(
    { op: "Mul", inputs: ["moves_answers", "moves_answers"], outputs: ["move_squares"] },
    { op: "MatMul", inputs: ["move_squares", "windows"], outputs: ["movement"] },
    { op: "ReduceMax", inputs: ["movement"], outputs: ["movement_most"], attributes: { axes: [2] } },
    { op: "ReduceMin", inputs: ["movement"], outputs: ["movement_least"], attributes: { axes: [2] } },
    { op: "ReduceMean", inputs: ["movement"], outputs: ["movement_mean"], attributes: { axes: [2] } },
    {
      op: "Concat",
      inputs: [
        ...LARGEST.map(({ name }) => `${name}_largest`),
        "movement_most",
        "movement_least",
        "movement_mean",
      ],
      outputs: ["sizes"],
      attributes: { axis: 2 },
    },
    { op: "Add", inputs: ["sizes", "floor"], outputs: ["floored"] },
    { op: "Log", inputs: ["floored"], outputs: ["logs"] },
    { op: "Mul", inputs: ["logs", "signs"], outputs: ["signed"] },
    { op: "Reshape", inputs: ["signed", "by_view"], outputs: ["views"] },
    { op: "ReduceMax", inputs: ["views"], outputs: ["most"], attributes: { axes: [2] } },
    { op: "ReduceMean", inputs: ["views"], outputs: ["mean"], attributes: { axes: [2] } },
    { op: "Concat", inputs: ["most", "mean"], outputs: ["summary"], attributes: { axis: 2 } },
    { op: "Reshape", inputs: ["summary", "flat"], outputs: ["features"] },
  );
  const banks = LARGEST.map(({ name, count, values }) => [
    name,
    tensor("float32", [STEPS, count], Float32Array.from(values)),
  ]);
  return {
    nodes,
    constants: {
      ...Object.fromEntries(banks),
      windows: tensor("float32", [MOVES.count, WINDOWS.count], Float32Array.from(WINDOWS.values)),
      against: tensor("float32", [SENSORS, SENSORS], Float32Array.from(AGAINST)),
      floor: tensor("float32", [], Float32Array.of(FLOOR)),
      signs: tensor("float32", [PER_CHANNEL], Float32Array.from(SIGNS)),
      by_view: tensor(
        "int64",
        [4],
        BigInt64Array.of(-1n, BigInt(VIEWS.length), BigInt(SENSORS), BigInt(PER_CHANNEL)),
      ),
      flat: tensor("int64", [2], BigInt64Array.of(-1n, BigInt(FEATURES))),
    },
  };
}

/** A sensor minus the mean of the others, [SENSORS, SENSORS]. */
const AGAINST = Float64Array.from({ length: SENSORS * SENSORS }, (_, i) =>
  Math.floor(i / SENSORS) === i % SENSORS ? 1 : -1 / (SENSORS - 1),
);

/** The least movement is turned around: a sensor that is stuck stands out by the largest. */
const SIGNS = [...LARGEST.map(() => 1), 1, -1, 1];

function toChannels(reading: (t: number, sensor: number) => number): Float64Array[] {
  const alone = Array.from({ length: SENSORS }, (_, sensor) => {
    const values = Float64Array.from({ length: STEPS }, (_, t) => reading(t, sensor));
    const mean = values.reduce((sum, value) => sum + value, 0) / STEPS;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / STEPS;
    const deviation = Math.sqrt(variance + FLOOR);
    return values.map((value) => (value - mean) / deviation);
  });
  const compared = alone.map((_, sensor) =>
    Float64Array.from({ length: STEPS }, (_, t) => {
      let value = 0;
      for (let other = 0; other < SENSORS; other++) {
        value += AGAINST[sensor * SENSORS + other]! * alone[other]![t]!;
      }
      return value;
    }),
  );
  return [...alone, ...compared];
}

function readChannel(channel: Float64Array): number[] {
  const moves = apply(channel, MOVES);
  const movement = apply(
    moves.map((move) => move * move),
    WINDOWS,
  );
  const sizes = LARGEST.map((filters) => Math.max(...apply(channel, filters).map(Math.abs)));
  const mean = movement.reduce((sum, value) => sum + value, 0) / movement.length;
  return [...sizes, Math.max(...movement), Math.min(...movement), mean].map(
    (size, f) => SIGNS[f]! * Math.log(size + FLOOR),
  );
}

function apply(values: Float64Array, { count, values: filters }: Bank): Float64Array {
  const out = new Float64Array(count);
  for (let t = 0; t < values.length; t++) {
    const value = values[t]!;
    for (let at = 0; at < count; at++) out[at]! += value * filters[t * count + at]!;
  }
  return out;
}

function bank(name: string, count: number, weight: (at: number, t: number) => number): Bank {
  const values = new Float64Array(STEPS * count);
  for (let at = 0; at < count; at++) {
    const column = Array.from({ length: STEPS }, (_, t) => weight(at, t));
    const mean = column.reduce((sum, value) => sum + value, 0) / STEPS;
    column.forEach((value, t) => {
      values[t * count + at] = value - mean;
    });
  }
  return { name, count, values };
}

function windows(): Bank {
  const count = STEPS - WINDOW;
  const values = Float64Array.from({ length: (STEPS - 1) * count }, (_, i) => {
    const [t, at] = [Math.floor(i / count), i % count];
    return t >= at && t < at + WINDOW ? 1 / WINDOW : 0;
  });
  return { name: "windows", count, values };
}
