import { crossEntropy, linear, relu } from "./dense-layers.ts";
import type { Network } from "./network.ts";
import { roundingOf } from "./rounding.ts";
import type { Tape, Value } from "./tape.ts";

/** From a minibatch to its mean loss: rows `x` [batch, width], one-hot `y` [batch, classes]. */
export type Forward = (tape: Tape, network: Network, of: Record<string, Value>, x: Value, y: Value) => Value;

/** Layers with a rectifier between each two. */
export const mlp: Forward = (tape, { mode, dims }, of, x, y) => {
  let rows: Value = { ...roundingOf(tape, mode).onGrid(x, "a"), given: true };
  const last = dims.length - 2;
  for (let layer = 0; layer <= last; layer++) {
    const sums = linear(tape, mode, rows, of[`W${layer}`]!, of[`b${layer}`]!);
    rows = layer < last ? relu(tape, mode, sums) : sums;
  }
  return crossEntropy(tape, mode, rows, y);
};
