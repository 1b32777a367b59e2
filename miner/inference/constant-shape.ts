import type { NodeSketch } from "./model-graph.ts";
import { ModelProblem } from "./model-problem.ts";

/** A value that does not depend on any request. `values` are whole numbers, row by row, when there are few. */
export type Constant = { shape: readonly number[]; values?: readonly number[] | undefined };

/** Beyond this a trip count is a programme that never ends; what means "until the condition says so" is let through. */
const MAX_TRIPS = 2 ** 24;
const ENDLESS_TRIPS = [2 ** 31 - 1, 2 ** 63];
const MAX_KEPT_VALUES = 256;

const SAME_SHAPE = new Set(
  "Identity Cast Neg Abs Relu Sqrt Exp Log Not Sigmoid Tanh Erf Floor Ceil Round Sign Reciprocal Softmax Clip Sin Cos".split(
    " ",
  ),
);
const BROADCAST = new Set(
  "Add Sub Mul Div Pow Mod And Or Xor Equal Greater GreaterOrEqual Less LessOrEqual Where Min Max Sum Mean".split(
    " ",
  ),
);
const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
};

/**
 * What the runtime would compute while it loads: constants from constants. Exact, or undefined where it takes more than
 * a few rules to say.
 *
 * @param inputs - Undefined for what depends on a request.
 * @throws ModelProblem for sizes that no honest model asks for, even where other inputs are open
 */
export function constantShape(
  node: NodeSketch,
  inputs: readonly (Constant | undefined)[],
): Constant | undefined {
  const [first, second, third] = inputs;
  const { op, numbers } = node;
  if (op === "Constant") return literal(node);
  if (op === "ConstantOfShape") return first?.values && { shape: first.values };
  if (op === "Range") return range(first, second, third);
  if (op === "Loop") refuseTrips(first);
  if (op === "Expand") return second?.values && expand(first, second.values);
  if (op === "Tile") return second?.values && tile(first, second.values);
  if (op === "Shape" && first && numbers.size === 0)
    return { shape: [first.shape.length], values: first.shape };
  if (op === "Gather" && first && second) return gather(first, second, numbers.get("axis")?.[0] ?? 0);
  if (op === "Pad" && first && second?.values && !third?.shape.length) return pad(first, second.values);
  const known = inputs.filter((input) => input !== undefined);
  if (known.length < inputs.length || !first) return undefined;
  if (SAME_SHAPE.has(op)) return op === "Cast" || op === "Identity" ? first : { shape: first.shape };
  if (BROADCAST.has(op)) return broadcastAll(op, known);
  if (op === "Concat") return concat(known, numbers.get("axis")?.[0] ?? 0);
  if (op === "MatMul" && first.shape.length === 2 && second?.shape.length === 2)
    return { shape: [first.shape[0]!, second.shape[1]!] };
  if (op === "Unsqueeze" && second?.values) return unsqueeze(first, second.values);
  if (op === "Reshape" && second?.values?.every((size) => size > 0))
    return { shape: second.values, values: first.values };
  return undefined;
}

function literal({ numbers, tensors }: NodeSketch): Constant | undefined {
  const value = tensors.get("value");
  if (value) return value;
  const one = numbers.get("value_int");
  if (one) return { shape: [], values: one };
  const list = numbers.get("value_ints");
  return list && { shape: [list.length], values: list };
}

function range(from?: Constant, to?: Constant, by?: Constant): Constant | undefined {
  const [start, limit, step] = [from?.values?.[0], to?.values?.[0], by?.values?.[0]];
  if (step === 0) throw new ModelProblem("a range moves by 0");
  if (start === undefined || limit === undefined || step === undefined) return undefined;
  return { shape: [Math.max(0, Math.ceil((limit - start) / step))] };
}

function refuseTrips(trips: Constant | undefined): void {
  const count = trips?.values?.[0];
  if (count === undefined || count <= MAX_TRIPS || ENDLESS_TRIPS.includes(count)) return;
  throw new ModelProblem(`a loop is to run ${count} times`);
}

function expand(input: Constant | undefined, shape: readonly number[]): Constant | undefined {
  const whole = input ? broadcast(input.shape, shape) : undefined;
  return { shape: whole ?? shape }; // at least what it asks for, whatever comes in
}

function tile(input: Constant | undefined, repeats: readonly number[]): Constant {
  const fits = input?.shape.length === repeats.length;
  return { shape: fits ? repeats.map((times, i) => times * input.shape[i]!) : repeats };
}

function gather(data: Constant, indices: Constant, axis: number): Constant | undefined {
  const at = axis < 0 ? axis + data.shape.length : axis;
  if (!(at in data.shape)) return undefined;
  return { shape: [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)] };
}

function pad(input: Constant, pads: readonly number[]): Constant | undefined {
  const rank = input.shape.length;
  if (pads.length !== 2 * rank) return undefined;
  return { shape: input.shape.map((size, i) => Math.max(0, size + pads[i]! + pads[i + rank]!)) };
}

function concat(inputs: readonly Constant[], axis: number): Constant | undefined {
  const { shape } = inputs[0]!;
  const at = axis < 0 ? axis + shape.length : axis;
  if (inputs.some((input) => input.shape.length !== shape.length) || !(at in shape)) return undefined;
  const sum = inputs.reduce((size, input) => size + input.shape[at]!, 0);
  const isShort = shape.length === 1 && sum <= MAX_KEPT_VALUES && inputs.every(({ values }) => values);
  return {
    shape: shape.map((size, i) => (i === at ? sum : size)),
    values: isShort ? inputs.flatMap(({ values }) => [...values!]) : undefined,
  };
}

function unsqueeze(input: Constant, axes: readonly number[]): Constant | undefined {
  const rank = input.shape.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (rank > MAX_KEPT_VALUES || added.size !== axes.length) return undefined;
  const rest = [...input.shape];
  const shape = Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.shift()));
  return shape.includes(undefined) ? undefined : { shape: shape as number[], values: input.values };
}

function broadcastAll(op: string, inputs: readonly Constant[]): Constant | undefined {
  let shape: readonly number[] | undefined = [];
  for (const input of inputs) shape = shape && broadcast(shape, input.shape);
  if (!shape) return undefined;
  const [a, b] = inputs;
  const compute = ARITHMETIC[op];
  if (!compute || !a?.values || !b?.values || inputs.length !== 2) return { shape };
  const length = Math.max(a.values.length, b.values.length);
  const fits = [a, b].every(({ values }) => values!.length === length || values!.length === 1);
  if (!fits) return { shape };
  const at = (values: readonly number[], i: number) => values[values.length === 1 ? 0 : i]!;
  return { shape, values: Array.from({ length }, (_, i) => compute(at(a.values!, i), at(b.values!, i))) };
}

/** @returns undefined when the shapes do not fit: the runtime says so itself. */
function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i += 1) {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    shape.push(x === 1 ? y : x);
  }
  return shape;
}
