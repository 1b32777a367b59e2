import { tensor } from "../../../shared/tensor.ts";
import { EXP_TABLE, GRID } from "./grid.ts";
import type { Mode } from "./network.ts";
import { type Rounding, roundingOf } from "./rounding.ts";
import type { Tape, Value } from "./tape.ts";

/*
 * Layers over rows of numbers, in both modes. In grid mode a value is rounded before it is a factor of a sum; gradients go
 * back through a rounding as if it was not there.
 */

/** rows x from times from x to, plus a bias where there is one. `rows` are on the grid of activations. */
export function linear(tape: Tape, mode: Mode, rows: Value, weight: Value, bias?: Value): Value {
  const { onGrid, limit } = roundingOf(tape, mode);
  const [count, from] = rows.shape as [number, number];
  const to = weight.shape[1]!;
  const factor = onGrid(weight, "w");
  const product = multiply(tape, rows, factor, { terms: from, limit: limit("a", "w") }, [count, to]);
  const output = bias ? addBias(tape, mode, product, bias) : product;
  return tape.differentiable(output, (gradient) => {
    const d = onGrid(gradient, "g");
    const ofWeight = { terms: count, limit: limit("a", "g"), transA: 1 };
    tape.addGradient(weight, multiply(tape, rows, d, ofWeight, [from, to]));
    if (bias) tape.addGradient(bias, tape.put("ReduceSum", [d, tape.whole(0)], [to], { keepdims: 0 }));
    if (rows.given) return;
    const ofRows = { terms: to, limit: limit("g", "w"), transB: 1 };
    tape.addGradient(rows, multiply(tape, d, factor, ofRows, [count, from]));
  });
}

/** As a subtraction in grid mode: a product and an addition would be fused, with other roundings. */
function addBias(tape: Tape, mode: Mode, product: Value, bias: Value): Value {
  if (mode === "fp32") return tape.put("Add", [product, bias], product.shape);
  return tape.put("Sub", [product, tape.put("Neg", [bias], bias.shape)], product.shape);
}

type Product = { terms: number; limit: number; transA?: number; transB?: number };

/** In blocks whose sums are exact, added in their order. */
function multiply(
  tape: Tape,
  a: Value,
  b: Value,
  { terms, limit, transA = 0, transB = 0 }: Product,
  shape: readonly number[],
): Value {
  const parts: Value[] = [];
  for (let from = 0; from < terms; from += limit) {
    const to = Math.min(terms, from + limit);
    const isAll = to - from === terms;
    const left = isAll ? a : cut(tape, a, transA ? 0 : 1, from, to);
    const right = isAll ? b : cut(tape, b, transB ? 1 : 0, from, to);
    parts.push(tape.put("Gemm", [left, right], shape, { transA, transB }));
  }
  return parts.reduce((sum, part) => tape.put("Add", [sum, part], shape));
}

function cut(tape: Tape, value: Value, axis: number, from: number, to: number): Value {
  const shape = value.shape.map((size, i) => (i === axis ? to - from : size));
  return tape.put("Slice", [value, tape.whole(from), tape.whole(to), tape.whole(axis)], shape);
}

/** The sum of all rows of a matrix, in blocks of so many rows that are added in their order. */
export function sumOfRows(tape: Tape, rows: Value, limit: number): Value {
  const [count, width] = rows.shape as [number, number];
  const parts: Value[] = [];
  for (let from = 0; from < count; from += limit) {
    const to = Math.min(count, from + limit);
    const block = to - from === count ? rows : cut(tape, rows, 0, from, to);
    parts.push(tape.put("ReduceSum", [block, tape.whole(0)], [width], { keepdims: 0 }));
  }
  return parts.reduce((sum, part) => tape.put("Add", [sum, part], [width]));
}

/** What is not negative, as a factor for the next layer. */
export function relu(tape: Tape, mode: Mode, value: Value): Value {
  const { shape } = value;
  const kept = tape.put("Relu", [value], shape);
  const output = roundingOf(tape, mode).onGrid(kept, "a");
  return tape.differentiable(output, (gradient) => {
    const isPositive = tape.put("Sign", [kept], shape);
    tape.addGradient(value, tape.put("Mul", [gradient, isPositive], shape));
  });
}

/** Mean cross-entropy of a softmax over rows of logits against one-hot `truth`. Begins the way back. */
export function crossEntropy(tape: Tape, mode: Mode, logits: Value, truth: Value): Value {
  const { shape } = logits;
  const [count] = shape as [number, number];
  const column = [count, 1];
  const { below, powers, sum } = powersOf(tape, mode, logits);
  const shares = tape.put("Div", [powers, sum], shape);
  const excess = tape.put("Sub", [shares, truth], shape);
  tape.addGradient(logits, tape.put("Mul", [excess, tape.number(1 / count)], shape));

  const likelihood = tape.put("Sub", [below, tape.put("Log", [sum], column)], shape);
  const ofTruth = tape.put("Mul", [truth, likelihood], shape);
  const total = tape.put("ReduceSum", [ofTruth, tape.whole(0, 1)], [], { keepdims: 0 });
  return tape.put("Mul", [total, tape.number(-1 / count)], []);
}

/** Over the last axis: how far each is below the largest, its exponential, and the sum of these. */
export function powersOf(tape: Tape, mode: Mode, logits: Value): { below: Value; powers: Value; sum: Value } {
  const { shape } = logits;
  const last = shape.length - 1;
  const column = [...shape.slice(0, -1), 1];
  const largest = tape.put("ReduceMax", [logits], column, { axes: [last], keepdims: 1 });
  const below = roundingOf(tape, mode).onGrid(tape.put("Sub", [logits, largest], shape), "z");
  const powers = mode === "grid" ? lookUp(tape, below) : tape.put("Exp", [below], shape);
  const sum = tape.put("ReduceSum", [powers, tape.whole(last)], column, { keepdims: 1 });
  return { below, powers, sum };
}

/** The exponential of logits on their grid, which is the same on every machine. */
function lookUp(tape: Tape, below: Value): Value {
  const { shape } = below;
  const index = tape.put("Mul", [below, tape.number(-(2 ** GRID.z.bits))], shape);
  const whole = tape.put("Cast", [index], shape, { to: 7 }, "int64");
  return tape.put("Gather", [tape.constant(tensor("float32", [EXP_TABLE.length], EXP_TABLE)), whole], shape);
}

/** Momentum and weight decay: the velocity first, then the parameter by it. */
export function descend(
  tape: Tape,
  rounding: Rounding,
  { parameter, velocity, rate }: { parameter: Value; velocity: Value; rate: Value },
  { momentum, weightDecay }: { momentum: number; weightDecay: number },
): { parameter: Value; velocity: Value } {
  const { shape } = parameter;
  const decay = tape.put("Mul", [parameter, tape.number(weightDecay)], shape);
  const gradient = tape.put("Add", [tape.gradientOf(parameter), decay], shape);
  const kept = tape.put("Mul", [velocity, tape.number(momentum)], shape);
  const next = rounding.onGrid(tape.put("Add", [kept, gradient], shape), "v");
  const step = tape.put("Mul", [next, rate], shape);
  return {
    velocity: next,
    parameter: rounding.onGrid(tape.put("Sub", [parameter, step], shape), "p"),
  };
}
