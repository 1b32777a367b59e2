import type { Tensor } from "../../../shared/tensor.ts";

/** How a network computes: on grids, to the same bits everywhere, or in plain float32. */
export type Mode = "grid" | "fp32";

export type Family = "mlp" | "cnn" | "tiny-transformer";

/**
 * A network and how it is trained. `dims`:
 *
 * - mlp: width of the input, of each hidden layer, classes.
 * - cnn: pixels of a square picture, filters of each 3x3 convolution, classes. Every convolution halves both sides.
 * - tiny-transformer: words of a text, size of the vocabulary, width, heads, classes. One block, which looks back and ahead.
 */
export type Network = {
  family: Family;
  mode: Mode;
  dims: readonly number[];
  /** Rows of a minibatch. */
  batch: number;
  momentum: number;
  weightDecay: number;
};

/** Parameters by name, and of each its velocity, named with a "v" before. All float32. */
export type State = Record<string, Tensor<"float32">>;

/** One parameter: uniform in ±sqrt(6 / fanIn) when it is new, or the same number everywhere. */
export type Parameter = { name: string; shape: readonly number[] } & ({ fanIn: number } | { fill: number });

/** In the order in which they are drawn. */
export function parametersOf({ family, dims }: Pick<Network, "family" | "dims">): Parameter[] {
  if (family === "cnn") return ofCnn(dims);
  return family === "mlp" ? ofMlp(dims) : ofTransformer(dims);
}

/** All parameters of a state one after the other, by name; velocities left out. */
export function parametersIn(state: State): number[] {
  const names = Object.keys(state).filter((name) => `v${name}` in state);
  return names.sort().flatMap((name) => Array.from(state[name]!.data));
}

/** What a cnn's pictures are, layer by layer. @throws RangeError where they cannot be halved so often */
export function pictureSides(dims: readonly number[]): number[] {
  const sides = [Math.sqrt(dims[0]!)];
  for (let layer = 1; layer < dims.length - 1; layer++) sides.push(sides.at(-1)! / 2);
  if (!sides.every((side) => Number.isInteger(side) && side >= 1)) {
    throw new RangeError(`${dims[0]} pixels are no square that can be halved ${dims.length - 2} times`);
  }
  return sides;
}

function dense(at: string, from: number, to: number): Parameter[] {
  return [
    { name: `W${at}`, shape: [from, to], fanIn: from },
    { name: `b${at}`, shape: [to], fill: 0 },
  ];
}

function ofMlp(dims: readonly number[]): Parameter[] {
  return dims.slice(1).flatMap((to, layer) => dense(String(layer), dims[layer]!, to));
}

function ofCnn(dims: readonly number[]): Parameter[] {
  const filters = [1, ...dims.slice(1, -1)];
  const convolutions = filters
    .slice(1)
    .flatMap((to, layer): Parameter[] => [...dense(`c${layer}`, 9 * filters[layer]!, to)]);
  const last = pictureSides(dims).at(-1)!;
  return [...convolutions, ...dense("0", filters.at(-1)! * last * last, dims.at(-1)!)];
}

function ofTransformer(dims: readonly number[]): Parameter[] {
  const [tokens, words, width, , classes] = dims as [number, number, number, number, number];
  return [
    { name: "E", shape: [words, width], fanIn: width },
    { name: "P", shape: [tokens, width], fanIn: width },
    ...["q", "k", "v", "o"].flatMap((at) => dense(at, width, width)),
    { name: "g0", shape: [width], fill: 1 },
    { name: "h0", shape: [width], fill: 0 },
    ...dense("0", width, 2 * width),
    ...dense("1", 2 * width, width),
    { name: "g1", shape: [width], fill: 1 },
    { name: "h1", shape: [width], fill: 0 },
    ...dense("2", width, classes),
  ];
}
