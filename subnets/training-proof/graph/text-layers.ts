import { tensor } from "../../../shared/tensor.ts";
import { asFactor } from "./arrange.ts";
import { sumOfRows } from "./dense-layers.ts";
import { GELU_SLOPE_TABLE, GELU_TABLE, GRID } from "./grid.ts";
import type { Mode } from "./network.ts";
import { roundingOf } from "./rounding.ts";
import type { Tape, Value } from "./tape.ts";

/** Keeps the deviation of a row of equal numbers from being 0. A power of two. */
const EPSILON = 2 ** -12;

/**
 * Words of a text, one-hot: [rows x tokens, words]. A number of [-4, 4] is a word, the smallest the first: texts are drawn
 * as rows are.
 */
export function oneHotWords(tape: Tape, x: Value, words: number): Value {
  const [batch, tokens] = x.shape as [number, number];
  const above = tape.put("Add", [x, tape.number(GRID.a.clip)], x.shape);
  const scaled = tape.put("Mul", [above, tape.number(words / (2 * GRID.a.clip))], x.shape);
  const bounded = tape.put("Clip", [scaled, tape.number(0), tape.number(words - 1)], x.shape);
  const whole = tape.put("Cast", [bounded], x.shape, { to: 7 }, "int64");
  const column = tape.put("Reshape", [whole, tape.whole(-1)], [batch * tokens], {}, "int64");
  const values = tape.constant(tensor("float32", [2], Float32Array.of(0, 1)));
  const hot = tape.put("OneHot", [column, tape.whole(words), values], [batch * tokens, words]);
  return { ...hot, given: true };
}

/** The same for each row of the batch: `value` is [batch, ...], `each` its shape without that. */
export function addToEach(tape: Tape, mode: Mode, value: Value, each: Value): Value {
  return tape.differentiable(tape.put("Add", [value, each], value.shape), (gradient) => {
    tape.addGradient(value, gradient);
    const d = roundingOf(tape, mode).onGrid(gradient, "g");
    tape.addGradient(each, tape.put("ReduceSum", [d, tape.whole(0)], each.shape, { keepdims: 0 }));
  });
}

/** Each row with mean 0 and deviation 1, times `gain`, plus `shift`. On the grid of activations in grid mode. */
export function normalise(
  tape: Tape,
  mode: Mode,
  rows: Value,
  { gain, shift }: { gain: Value; shift: Value },
): Value {
  const { onGrid, limit } = roundingOf(tape, mode);
  const { shape } = rows;
  const [count, width] = shape as [number, number];
  if (width > limit("a", "g")) throw new RangeError(`a row of ${width} is too wide for exact sums`);
  const column = [count, 1];
  const mean = (of: Value) => {
    const sum = tape.put("ReduceSum", [of, tape.whole(1)], column, { keepdims: 1 });
    return tape.put("Mul", [sum, tape.number(1 / width)], column);
  };
  const times = (a: Value, b: Value) => tape.put("Mul", [a, b], shape);

  const values = onGrid(rows, "a");
  const centred = onGrid(tape.put("Sub", [values, mean(values)], shape), "a");
  const variance = tape.put("Add", [mean(times(centred, centred)), tape.number(EPSILON)], column);
  const deviation = tape.put("Sqrt", [variance], column);
  const normal = onGrid(tape.put("Div", [centred, deviation], shape), "a");
  const output = tape.put("Add", [times(normal, gain), shift], shape);
  tape.differentiable(output, (gradient) => {
    const d = onGrid(gradient, "g");
    tape.addGradient(shift, tape.put("ReduceSum", [d, tape.whole(0)], [width], { keepdims: 0 }));
    tape.addGradient(gain, sumOfRows(tape, times(d, normal), limit("a", "g")));
    const inner = onGrid(times(d, gain), "g");
    const even = tape.put("Sub", [inner, mean(inner)], shape);
    const along = times(normal, mean(times(inner, normal)));
    const left = tape.put("Sub", [even, along], shape);
    tape.addGradient(rows, tape.put("Div", [left, deviation], shape));
  });
  return asFactor(tape, mode, output);
}

/** The tanh form. In grid mode both it and its slope are looked up: runtimes differ in the last bits of tanh. */
export function gelu(tape: Tape, mode: Mode, value: Value): Value {
  const { value: output, slope } = mode === "grid" ? lookedUp(tape, value) : computed(tape, value);
  tape.differentiable(output, (gradient) =>
    tape.addGradient(value, tape.put("Mul", [gradient, slope], value.shape)),
  );
  return asFactor(tape, mode, output);
}

function lookedUp(tape: Tape, value: Value): { value: Value; slope: Value } {
  const { shape } = value;
  const onGrid = roundingOf(tape, "grid").onGrid(value, "a");
  const scaled = tape.put("Mul", [onGrid, tape.number(2 ** GRID.a.bits)], shape);
  const shifted = tape.put("Add", [scaled, tape.number(GRID.a.clip * 2 ** GRID.a.bits)], shape);
  const index = tape.put("Cast", [shifted], shape, { to: 7 }, "int64");
  const from = (table: Float32Array<ArrayBuffer>) =>
    tape.put("Gather", [tape.constant(tensor("float32", [table.length], table)), index], shape);
  return { value: from(GELU_TABLE), slope: from(GELU_SLOPE_TABLE) };
}

/** x h with h = (1 + tanh u) / 2 and u = sqrt(2/pi) (x + 0.044715 x^3); its slope is h + 2 x h (1 - h) u'. */
function computed(tape: Tape, x: Value): { value: Value; slope: Value } {
  const put = (op: string, a: Value, b: Value | number) =>
    tape.put(op, [a, typeof b === "number" ? tape.number(b) : b], x.shape);
  const root = Math.sqrt(2 / Math.PI);
  const square = put("Mul", x, x);
  const u = put("Mul", x, put("Add", put("Mul", square, root * 0.044715), root));
  const h = put("Add", put("Mul", tape.put("Tanh", [u], x.shape), 0.5), 0.5);
  const slopeOfU = put("Add", put("Mul", square, 3 * root * 0.044715), root);
  const value = put("Mul", x, h);
  const rest = put("Mul", put("Sub", value, put("Mul", value, h)), 2);
  return { value, slope: put("Add", put("Mul", rest, slopeOfU), h) };
}
