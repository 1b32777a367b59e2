import type { Mode } from "./network.ts";
import { roundingOf } from "./rounding.ts";
import type { Tape, Value } from "./tape.ts";

/*
 * What changes no number of a value but its grid, shape or place. Gradients go back the same way; nothing goes back into
 * what is made of what is given.
 */

/** As a factor of products: on the grid of activations in grid mode. */
export function asFactor(tape: Tape, mode: Mode, value: Value): Value {
  const output = roundingOf(tape, mode).onGrid(value, "a");
  return output === value ? value : through(tape, value, output, (gradient) => gradient);
}

export function reshape(tape: Tape, value: Value, shape: readonly number[]): Value {
  const to = (of: Value, sizes: readonly number[]) => tape.put("Reshape", [of, tape.whole(...sizes)], sizes);
  return through(tape, value, to(value, shape), (gradient) => to(gradient, value.shape));
}

export function transpose(tape: Tape, value: Value, perm: readonly number[]): Value {
  const back = perm.map((_, axis) => perm.indexOf(axis));
  return through(tape, value, turned(tape, value, perm), (gradient) => turned(tape, gradient, back));
}

/** The same without a way back. */
export function turned(tape: Tape, value: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => value.shape[axis]!);
  return tape.put("Transpose", [value], shape, { perm });
}

/** Times a number. A power of two is exact, whatever a runtime makes of it. */
export function scale(tape: Tape, value: Value, factor: number): Value {
  const by = (of: Value) => tape.put("Mul", [of, tape.number(factor)], value.shape);
  return through(tape, value, by(value), by);
}

/** Two of one shape. */
export function add(tape: Tape, a: Value, b: Value): Value {
  return tape.differentiable(tape.put("Add", [a, b], a.shape), (gradient) => {
    tape.addGradient(a, gradient);
    tape.addGradient(b, gradient);
  });
}

/**
 * Places of [batch, places, channels]: the sum of those that the lists name, list by list in their order. -1 is nothing.
 * Pictures are cut into patches and made smaller by it; its way back is the same with other lists.
 */
export function pick(tape: Tape, value: Value, lists: readonly (readonly number[])[]): Value {
  return through(tape, value, sumOfPicked(tape, value, lists), (gradient) =>
    sumOfPicked(tape, gradient, inverted(lists, value.shape[1]!)),
  );
}

function sumOfPicked(tape: Tape, value: Value, lists: readonly (readonly number[])[]): Value {
  const [batch, places, channels] = value.shape as [number, number, number];
  const shape = [batch, lists[0]!.length, channels];
  const leavesOut = lists.some((list) => list.includes(-1));
  const source = leavesOut ? withNothing(tape, value) : value;
  const parts = lists.map((list) => {
    const from = tape.whole(...list.map((place) => (place < 0 ? places : place)));
    return tape.put("Gather", [source, from], shape, { axis: 1 });
  });
  return parts.reduce((sum, part) => tape.put("Add", [sum, part], shape));
}

/** One place more, of zeros. */
function withNothing(tape: Tape, value: Value): Value {
  const [batch, places, channels] = value.shape as [number, number, number];
  return tape.put("Pad", [value, tape.whole(0, 0, 0, 0, 1, 0)], [batch, places + 1, channels]);
}

function inverted(lists: readonly (readonly number[])[], places: number): number[][] {
  const uses: number[][] = Array.from({ length: places }, () => []);
  for (const list of lists)
    list.forEach((place, at) => {
      uses[place]?.push(at);
    });
  const depth = Math.max(...uses.map(({ length }) => length));
  return Array.from({ length: depth }, (_, i) => uses.map((of) => of[i] ?? -1));
}

function through(tape: Tape, from: Value, output: Value, back: (gradient: Value) => Value): Value {
  if (from.given) return { ...output, given: true };
  return tape.differentiable(output, (gradient) => tape.addGradient(from, back(gradient)));
}
