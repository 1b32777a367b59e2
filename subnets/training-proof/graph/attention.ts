import { asFactor, reshape, scale, transpose, turned } from "./arrange.ts";
import { linear, powersOf } from "./dense-layers.ts";
import type { Mode } from "./network.ts";
import { roundingOf } from "./rounding.ts";
import type { Tape, Value } from "./tape.ts";

/** Last two axes of four, the other way round. */
const OTHER_WAY = [0, 1, 3, 2];

/**
 * What the words of a text take from each other. The scores are scaled by the power of two next to 1 / sqrt(width of a
 * head), which is exact.
 *
 * @param rows - [batch x tokens, width], on the grid of activations.
 * @param of - The parameters Wq, bq, Wk, bk, Wv, bv, Wo, bo.
 */
export function attention(
  tape: Tape,
  mode: Mode,
  rows: Value,
  of: Record<string, Value>,
  { batch, tokens, heads }: { batch: number; tokens: number; heads: number },
): Value {
  const width = rows.shape[1]!;
  const perHead = width / heads;
  const byHead = (at: string) => {
    const own = asFactor(tape, mode, linear(tape, mode, rows, of[`W${at}`]!, of[`b${at}`]!));
    return transpose(tape, reshape(tape, own, [batch, tokens, heads, perHead]), [0, 2, 1, 3]);
  };
  const [queries, keys, values] = [byHead("q"), byHead("k"), byHead("v")];
  const scores = multiply(tape, mode, queries, transpose(tape, keys, OTHER_WAY));
  const shares = softmax(tape, mode, scale(tape, scores, 2 ** -Math.round(Math.log2(perHead) / 2)));
  const taken = transpose(tape, multiply(tape, mode, shares, values), [0, 2, 1, 3]);
  const joined = asFactor(tape, mode, reshape(tape, taken, [batch * tokens, width]));
  return linear(tape, mode, joined, of.Wo!, of.bo!);
}

/** Matrices of the last two axes, both on the grid of activations. @throws RangeError where sums would not be exact */
function multiply(tape: Tape, mode: Mode, a: Value, b: Value): Value {
  const { onGrid, limit } = roundingOf(tape, mode);
  const [batch, heads, height, terms] = a.shape as [number, number, number, number];
  const width = b.shape[3]!;
  if (Math.max(height, terms, width) > limit("a", "g"))
    throw new RangeError(`${height} x ${terms} x ${width} is too large for exact sums of attention`);
  const output = tape.put("MatMul", [a, b], [batch, heads, height, width]);
  return tape.differentiable(output, (gradient) => {
    const d = onGrid(gradient, "g");
    tape.addGradient(a, tape.put("MatMul", [d, turned(tape, b, OTHER_WAY)], a.shape));
    tape.addGradient(b, tape.put("MatMul", [turned(tape, a, OTHER_WAY), d], b.shape));
  });
}

/** Over the last of four axes, as a factor. */
function softmax(tape: Tape, mode: Mode, scores: Value): Value {
  const { onGrid } = roundingOf(tape, mode);
  const { shape } = scores;
  const column = [...shape.slice(0, -1), 1];
  const { powers, sum } = powersOf(tape, mode, scores);
  const shares = onGrid(tape.put("Div", [powers, sum], shape), "a");
  return tape.differentiable(shares, (gradient) => {
    const d = onGrid(gradient, "g");
    const weighed = tape.put("Mul", [shares, d], shape);
    const mean = tape.put("ReduceSum", [weighed, tape.whole(3)], column, { keepdims: 1 });
    tape.addGradient(scores, tape.put("Mul", [shares, tape.put("Sub", [d, mean], shape)], shape));
  });
}
