import { tensor } from "../../../shared/tensor.ts";
import { EXP_TABLE, exactTerms, GRID, type Grid, quantise } from "./grid.ts";
import type { Network, State } from "./network.ts";

const f = Math.fround;

/** Minibatches one after the other: rows `x` [steps, batch, width], one-hot `y` [steps, batch, classes], a rate for each step. */
export type Minibatches = { x: Float32Array; y: Float32Array; rates: Float32Array };

/** What steps left, and the loss of each. */
export type Trained = { state: State; losses: Float32Array<ArrayBuffer> };

/**
 * The steps of an interval graph in plain arithmetic: in grid mode to the very bits that every runtime finds, in fp32 as
 * near as sums in another order are. For whoever has no runtime, and to hold one against.
 *
 * @param network - An mlp.
 */
export function trainMlp(network: Network, state: State, { x, y, rates }: Minibatches): Trained {
  const now = new Map(Object.entries(state).map(([name, { data }]) => [name, Float32Array.from(data)]));
  const losses = new Float32Array(rates.length);
  const { dims, batch } = network;
  const [width, classes] = [dims[0]!, dims.at(-1)!];
  rates.forEach((rate, step) => {
    losses[step] = trainStep(network, now, {
      x: x.subarray(step * batch * width, (step + 1) * batch * width),
      y: y.subarray(step * batch * classes, (step + 1) * batch * classes),
      rate,
    });
  });
  const next = Object.entries(state).map(([name, { shape }]) => [
    name,
    tensor("float32", shape, now.get(name)!),
  ]);
  return { state: Object.fromEntries(next), losses };
}

type Values = Map<string, Float32Array<ArrayBuffer>>;

function trainStep(
  network: Network,
  now: Values,
  { x, y, rate }: { x: Float32Array; y: Float32Array; rate: number },
): number {
  const { dims, batch, mode } = network;
  const onGrid = (values: Float32Array, grid: Grid) =>
    mode === "grid" ? values.map((value) => quantise(value, grid)) : values;
  const limit = (a: Grid, b: Grid) => (mode === "grid" ? exactTerms(a, b) : Number.POSITIVE_INFINITY);
  const last = dims.length - 2;
  const rows = [onGrid(x, GRID.a)];
  const factors: Float32Array[] = [];
  const sums: Float32Array[] = [];
  for (let layer = 0; layer <= last; layer++) {
    const [from, to] = [dims[layer]!, dims[layer + 1]!];
    factors[layer] = onGrid(now.get(`W${layer}`)!, GRID.w);
    const blocks = { terms: from, limit: limit(GRID.a, GRID.w) };
    const strides = { a: [from, 1], b: [1, to] } as const;
    const product = multiply(rows[layer]!, factors[layer]!, strides, blocks, batch, to);
    const bias = now.get(`b${layer}`)!;
    sums[layer] = product.map((sum, i) => sum + bias[i % to]!);
    if (layer < last)
      rows.push(
        onGrid(
          sums[layer]!.map((sum) => Math.max(0, sum)),
          GRID.a,
        ),
      );
  }
  const { loss, excess } = crossEntropy(network, sums[last]!, y, onGrid);

  let gradient = excess;
  for (let layer = last; layer >= 0; layer--) {
    const [from, to] = [dims[layer]!, dims[layer + 1]!];
    const d = onGrid(gradient, GRID.g);
    const ofRows = { a: [1, from], b: [1, to] } as const;
    const perRow = { terms: batch, limit: limit(GRID.a, GRID.g) };
    const ofWeight = multiply(rows[layer]!, d, ofRows, perRow, from, to);
    const ofBias = new Float32Array(to);
    for (let j = 0; j < to; j++) {
      let sum = 0;
      for (let row = 0; row < batch; row++) sum += d[row * to + j]!;
      ofBias[j] = sum;
    }
    if (layer > 0) {
      const blocks = { terms: to, limit: limit(GRID.g, GRID.w) };
      const back = multiply(d, factors[layer]!, { a: [to, 1], b: [to, 1] }, blocks, batch, from);
      gradient = back.map((value, i) => (sums[layer - 1]![i]! > 0 ? value : 0));
    }
    descend(network, now, `W${layer}`, ofWeight, rate, onGrid);
    descend(network, now, `b${layer}`, ofBias, rate, onGrid);
  }
  return loss;
}

/** How far it is in a factor from one row or column of the product to the next, and from one term of a sum to the next. */
type Strides = { a: readonly [row: number, term: number]; b: readonly [column: number, term: number] };

/** Sums of products in blocks that are exact, and the blocks added in their order. Inside a block doubles are exact too. */
function multiply(
  a: Float32Array,
  b: Float32Array,
  strides: Strides,
  { terms, limit }: { terms: number; limit: number },
  height: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const product = new Float32Array(height * width);
  const [aRow, aTerm] = strides.a;
  const [bColumn, bTerm] = strides.b;
  for (let from = 0; from < terms; from += limit) {
    const to = Math.min(terms, from + limit);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let term = from; term < to; term++) {
          sum += a[row * aRow + term * aTerm]! * b[column * bColumn + term * bTerm]!;
        }
        const at = row * width + column;
        product[at] = from === 0 ? sum : product[at]! + f(sum);
      }
    }
  }
  return product;
}

type OnGrid = (values: Float32Array, grid: Grid) => Float32Array;

/** @returns The mean loss, and its gradient by the logits. */
function crossEntropy(
  { batch, dims, mode }: Network,
  logits: Float32Array,
  truth: Float32Array,
  onGrid: OnGrid,
): { loss: number; excess: Float32Array } {
  const classes = dims.at(-1)!;
  const excess = new Float32Array(batch * classes);
  let likelihood = 0;
  for (let row = 0; row < batch; row++) {
    const own = logits.subarray(row * classes, (row + 1) * classes);
    const largest = Math.max(...own);
    const below = onGrid(
      own.map((logit) => logit - largest),
      GRID.z,
    );
    const powers = below.map((logit) =>
      mode === "grid" ? EXP_TABLE[-(logit * 2 ** GRID.z.bits)]! : Math.exp(logit),
    );
    const sum = f(powers.reduce((whole, power) => whole + power, 0));
    for (let j = 0; j < classes; j++) {
      const at = row * classes + j;
      excess[at] = f(f(powers[j]! / sum) - truth[at]!) * f(1 / batch);
      likelihood += truth[at]! * (below[j]! - Math.log(sum));
    }
  }
  return { loss: -likelihood / batch, excess };
}

function descend(
  { momentum, weightDecay }: Network,
  now: Values,
  name: string,
  gradients: Float32Array,
  rate: number,
  onGrid: OnGrid,
): void {
  const parameters = now.get(name)!;
  const velocities = now.get(`v${name}`)!;
  const next = gradients.map((gradient, i) => {
    const decayed = f(gradient + f(parameters[i]! * f(weightDecay)));
    return f(velocities[i]! * f(momentum)) + decayed;
  });
  velocities.set(onGrid(next, GRID.v));
  const moved = parameters.map((parameter, i) => parameter - f(velocities[i]! * rate));
  parameters.set(onGrid(moved, GRID.p));
}
