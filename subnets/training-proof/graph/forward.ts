import { add, asFactor, reshape, scale } from "./arrange.ts";
import { attention } from "./attention.ts";
import { crossEntropy, linear, relu } from "./dense-layers.ts";
import { type Family, type Network, pictureSides } from "./network.ts";
import { convolution, halve } from "./picture-layers.ts";
import type { Tape, Value } from "./tape.ts";
import { addToEach, gelu, normalise, oneHotWords } from "./text-layers.ts";

/** From a minibatch to its mean loss: rows `x` [batch, width], one-hot `y` [batch, classes]. */
type Forward = (tape: Tape, network: Network, of: Record<string, Value>, x: Value, y: Value) => Value;

/** Layers with a rectifier between each two. */
const mlp: Forward = (tape, { mode, dims }, of, x, y) => {
  let rows = asFactor(tape, mode, x);
  const last = dims.length - 2;
  for (let layer = 0; layer <= last; layer++) {
    const sums = linear(tape, mode, rows, of[`W${layer}`]!, of[`b${layer}`]!);
    rows = layer < last ? relu(tape, mode, sums) : sums;
  }
  return crossEntropy(tape, mode, rows, y);
};

/** Convolutions with a rectifier, each followed by the mean of four pixels, and one layer over what is left. */
const cnn: Forward = (tape, { mode, dims, batch }, of, x, y) => {
  let picture = reshape(tape, asFactor(tape, mode, x), [batch, dims[0]!, 1]);
  const convolutions = pictureSides(dims).length - 1;
  for (let layer = 0; layer < convolutions; layer++) {
    const sums = convolution(tape, mode, picture, of[`Wc${layer}`]!, of[`bc${layer}`]!);
    picture = asFactor(tape, mode, halve(tape, relu(tape, mode, sums)));
  }
  const rows = reshape(tape, picture, [batch, of.W0!.shape[0]!]);
  return crossEntropy(tape, mode, linear(tape, mode, rows, of.W0!, of.b0!), y);
};

/** Attention, then two layers with a Gelu between, each over normalised rows and added to what was there; the mean word says the class. */
const tinyTransformer: Forward = (tape, { mode, dims, batch }, of, x, y) => {
  const [tokens, words, width, heads] = dims as [number, number, number, number];
  const meanings = linear(tape, mode, oneHotWords(tape, x, words), of.E!);
  const placed = addToEach(tape, mode, reshape(tape, meanings, [batch, tokens, width]), of.P!);
  const text = reshape(tape, placed, [batch * tokens, width]);

  const first = normalise(tape, mode, text, { gain: of.g0!, shift: of.h0! });
  const looked = add(tape, text, attention(tape, mode, first, of, { batch, tokens, heads }));
  const second = normalise(tape, mode, looked, { gain: of.g1!, shift: of.h1! });
  const wide = gelu(tape, mode, linear(tape, mode, second, of.W0!, of.b0!));
  const thought = asFactor(tape, mode, add(tape, looked, linear(tape, mode, wide, of.W1!, of.b1!)));

  const mean = scale(tape, sumOfWords(tape, reshape(tape, thought, [batch, tokens, width])), 1 / tokens);
  const logits = linear(tape, mode, asFactor(tape, mode, mean), of.W2!, of.b2!);
  return crossEntropy(tape, mode, logits, y);
};

/** [batch, tokens, width] to [batch, width]. */
function sumOfWords(tape: Tape, text: Value): Value {
  const [batch, , width] = text.shape as [number, number, number];
  const sum = tape.put("ReduceSum", [text, tape.whole(1)], [batch, width], { keepdims: 0 });
  return tape.differentiable(sum, (gradient) => {
    const column = tape.put("Reshape", [gradient, tape.whole(batch, 1, width)], [batch, 1, width]);
    tape.addGradient(text, tape.put("Expand", [column, tape.whole(...text.shape)], text.shape));
  });
}

export const FORWARD: Record<Family, Forward> = { mlp, cnn, "tiny-transformer": tinyTransformer };
