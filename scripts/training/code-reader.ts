import type { Random } from "../../shared/rules/beacon.ts";

/** Numbers of an earlier sight are kept below this, so that one function's cannot be taken for the next one's. */
export const MAX_SIGHT = 8;

/**
 * A network that reads code and judges each place where a defect could be: an addition, a call, a write. With E the
 * embedding of opcodes and windows centred on an instruction,
 *
 *     s(t) = clip(E[window] F + f, 0, MAX_SIGHT)        what stands at t
 *     p(t) = max of s from the start of the function     what was seen before
 *     h(t) = relu(E[window] W + p(t) B + b)              the place and what led to it
 *     z(t) = h(t) D + d                                  how sure it is of a defect here
 *     y    = sigmoid(scale * max over places z + shift)  whether there is one anywhere
 *
 * Matrices are row-major [in x out]; F and W are [window x embedding x out].
 */
export type CodeReader = {
  shape: ReaderShape;
  /** Kind of each opcode: what compilers use alike is learned as one. */
  kinds: Uint8Array;
  embedding: Float64Array;
  sight: Float64Array;
  sightBias: Float64Array;
  local: Float64Array;
  before: Float64Array;
  localBias: Float64Array;
  out: Float64Array;
  outBias: Float64Array;
  scale: Float64Array;
  shift: Float64Array;
};

/** Kinds of opcodes, numbers of an embedding, instructions of the two windows (odd), sights, hidden units, outputs. */
export type ReaderShape = {
  kinds: number;
  width: number;
  sightWindow: number;
  window: number;
  sights: number;
  hidden: number;
  outputs: number;
};

/** A place to judge: the instruction, the output that is about it, and whether the defect is there. */
export type Place = { at: number; output: number; isFlawed: boolean };

/** One contract: its opcodes, for each the first one of its function, and the places. */
export type Reading = { opcodes: Uint8Array; starts: Uint16Array; places: readonly Place[] };

/** What each kind of opcode adds at each place of a window: reading is looking up. [window x kinds x out] */
export type LookUps = { sight: Float64Array; local: Float64Array };

/** Room for what flows through one contract, used again for the next. */
export type Trace = { sights: Float64Array; from: Uint16Array; wanted: Float64Array; hidden: Float64Array };

export function createCodeReader(shape: ReaderShape, kinds: Uint8Array, random: Random): CodeReader {
  const { width, sightWindow, window, sights, hidden, outputs } = shape;
  const normal = (count: number, deviation: number) =>
    Float64Array.from({ length: count }, () => random.normal() * deviation);
  return {
    shape,
    kinds,
    embedding: normal(shape.kinds * width, 1),
    sight: normal(sightWindow * width * sights, Math.sqrt(1 / (sightWindow * width))),
    sightBias: new Float64Array(sights),
    local: normal(window * width * hidden, Math.sqrt(1 / (window * width))),
    before: normal(sights * hidden, Math.sqrt(0.1 / sights)),
    localBias: new Float64Array(hidden),
    out: normal(hidden * outputs, Math.sqrt(1 / hidden)),
    outBias: new Float64Array(outputs),
    scale: new Float64Array(outputs).fill(1),
    shift: new Float64Array(outputs),
  };
}

/** What `learnPlaces` changes, in the order of its gradients. Scale and shift are fitted afterwards. */
export function parametersOf(net: CodeReader): Float64Array[] {
  const { embedding, sight, sightBias, local, before, localBias, out, outBias } = net;
  return [embedding, sight, local, sightBias, before, localBias, out, outBias];
}

export function createTrace({ sights, hidden }: ReaderShape, maxLength: number): Trace {
  return {
    sights: new Float64Array(maxLength * sights),
    from: new Uint16Array(maxLength * sights),
    wanted: new Float64Array(maxLength * sights),
    hidden: new Float64Array(hidden),
  };
}

export function lookUps({ shape, embedding, sight, local }: CodeReader): LookUps {
  return {
    sight: multiply(shape, embedding, sight, shape.sightWindow, shape.sights),
    local: multiply(shape, embedding, local, shape.window, shape.hidden),
  };
}

/** Highest z of each output. -Infinity where there is no place for it. */
export function judge(net: CodeReader, tables: LookUps, reading: Reading, trace: Trace): Float64Array {
  const highest = new Float64Array(net.shape.outputs).fill(Number.NEGATIVE_INFINITY);
  look(net, tables, reading, trace);
  for (const { at, output } of reading.places) {
    highest[output] = Math.max(highest[output]!, weigh(net, tables, reading, trace, at, output));
  }
  return highest;
}

/** Probabilities of one contract, from what `judge` says. */
export function toProbabilities({ scale, shift }: CodeReader, highest: ArrayLike<number>): number[] {
  return Array.from(highest, (z, o) => {
    const surety = scale[o]! * Math.max(z, NO_PLACE) + shift[o]!;
    return 1 / (1 + Math.exp(-surety));
  });
}

/** What stands for z where there is nothing to judge. */
export const NO_PLACE = -40;

/**
 * Adds the gradients of the cross-entropy at each place of one contract.
 *
 * @param gradients - As `parametersOf`, but for the first three, of which `tables` gathers what `spread` takes apart.
 */
export function learnPlaces(
  net: CodeReader,
  tables: LookUps,
  reading: Reading,
  trace: Trace,
  gradients: readonly Float64Array[],
  gathered: LookUps,
): void {
  const { kinds, window, sightWindow, sights, hidden, outputs } = net.shape;
  const [, , , gSightBias, gBefore, gLocalBias, gOut, gOutBias] = gradients;
  const { opcodes, places } = reading;
  const delta = new Float64Array(hidden);
  look(net, tables, reading, trace);
  trace.wanted.fill(0, 0, opcodes.length * sights);
  for (const { at, output, isFlawed } of places) {
    const z = weigh(net, tables, reading, trace, at, output);
    const error = 1 / (1 + Math.exp(-z)) - (isFlawed ? 1 : 0);
    gOutBias![output]! += error;
    for (let h = 0; h < hidden; h++) {
      const value = trace.hidden[h]!;
      gOut![h * outputs + output]! += value * error;
      delta[h] = value > 0 ? net.out[h * outputs + output]! * error : 0;
      gLocalBias![h]! += delta[h]!;
    }
    addAround(opcodes, net.kinds, kinds, at, window, gathered.local, delta, hidden, 0);
    for (let c = 0; c < sights; c++) {
      const source = trace.from[at * sights + c]! * sights + c;
      const seen = trace.sights[source]!;
      let back = 0;
      for (let h = 0; h < hidden; h++) {
        gBefore![c * hidden + h]! += seen * delta[h]!;
        back += net.before[c * hidden + h]! * delta[h]!;
      }
      if (seen > 0 && seen < MAX_SIGHT) trace.wanted[source]! += back;
    }
  }
  for (let t = 0; t < opcodes.length; t++) {
    let isWanted = false;
    for (let c = 0; c < sights; c++) {
      const value = trace.wanted[t * sights + c]!;
      if (value === 0) continue;
      gSightBias![c]! += value;
      isWanted = true;
    }
    if (isWanted)
      addAround(opcodes, net.kinds, kinds, t, sightWindow, gathered.sight, trace.wanted, sights, t * sights);
  }
}

/** From gradients of the look-ups to those of embedding and windows, the first three of `parametersOf`. */
export function spread(
  net: CodeReader,
  gathered: LookUps,
  [gEmbedding, gSight, gLocal]: readonly Float64Array[],
): void {
  const { shape, embedding, sight, local } = net;
  divide(shape, embedding, sight, shape.sightWindow, shape.sights, gathered.sight, gEmbedding!, gSight!);
  divide(shape, embedding, local, shape.window, shape.hidden, gathered.local, gEmbedding!, gLocal!);
}

/** Fills sights and where the highest one so far comes from. */
function look(
  net: CodeReader,
  tables: LookUps,
  { opcodes, starts }: Reading,
  { sights: s, from }: Trace,
): void {
  const { kinds, sightWindow, sights } = net.shape;
  for (let t = 0; t < opcodes.length; t++) {
    const row = t * sights;
    for (let c = 0; c < sights; c++) s[row + c] = net.sightBias[c]!;
    takeAround(opcodes, net.kinds, kinds, t, sightWindow, tables.sight, s, sights, row);
    for (let c = 0; c < sights; c++) {
      const value = Math.min(MAX_SIGHT, Math.max(0, s[row + c]!));
      s[row + c] = value;
      const earlier = starts[t] === t ? t : from[row - sights + c]!;
      from[row + c] = value > s[earlier * sights + c]! ? t : earlier;
    }
  }
}

/** z of one output at one place; leaves h in the trace. */
function weigh(
  net: CodeReader,
  tables: LookUps,
  { opcodes }: Reading,
  { sights: s, from, hidden: h }: Trace,
  at: number,
  output: number,
): number {
  const { kinds, window, sights, hidden, outputs } = net.shape;
  h.set(net.localBias);
  takeAround(opcodes, net.kinds, kinds, at, window, tables.local, h, hidden, 0);
  for (let c = 0; c < sights; c++) {
    const seen = s[from[at * sights + c]! * sights + c]!;
    if (seen === 0) continue;
    for (let i = 0; i < hidden; i++) h[i]! += seen * net.before[c * hidden + i]!;
  }
  let z = net.outBias[output]!;
  for (let i = 0; i < hidden; i++) {
    if (h[i]! < 0) h[i] = 0;
    z += h[i]! * net.out[i * outputs + output]!;
  }
  return z;
}

/** Adds to `values` what the tables say of the opcodes around `at`. */
function takeAround(
  opcodes: Uint8Array,
  kindOf: Uint8Array,
  kinds: number,
  at: number,
  window: number,
  table: Float64Array,
  values: Float64Array,
  size: number,
  offset: number,
): void {
  const half = window >> 1;
  const last = Math.min(opcodes.length - 1, at + half);
  for (let s = Math.max(0, at - half); s <= last; s++) {
    const row = ((s - at + half) * kinds + kindOf[opcodes[s]!]!) * size;
    for (let c = 0; c < size; c++) values[offset + c]! += table[row + c]!;
  }
}

/** The way back: adds `values` to the tables' rows of the opcodes around `at`. */
function addAround(
  opcodes: Uint8Array,
  kindOf: Uint8Array,
  kinds: number,
  at: number,
  window: number,
  table: Float64Array,
  values: Float64Array,
  size: number,
  offset: number,
): void {
  const half = window >> 1;
  const last = Math.min(opcodes.length - 1, at + half);
  for (let s = Math.max(0, at - half); s <= last; s++) {
    const row = ((s - at + half) * kinds + kindOf[opcodes[s]!]!) * size;
    for (let c = 0; c < size; c++) table[row + c]! += values[offset + c]!;
  }
}

function multiply(
  { kinds, width }: ReaderShape,
  embedding: Float64Array,
  weights: Float64Array,
  window: number,
  size: number,
): Float64Array {
  const table = new Float64Array(window * kinds * size);
  for (let place = 0; place < window; place++) {
    for (let kind = 0; kind < kinds; kind++) {
      const row = (place * kinds + kind) * size;
      for (let e = 0; e < width; e++) {
        const value = embedding[kind * width + e]!;
        const from = (place * width + e) * size;
        for (let c = 0; c < size; c++) table[row + c]! += value * weights[from + c]!;
      }
    }
  }
  return table;
}

function divide(
  { kinds, width }: ReaderShape,
  embedding: Float64Array,
  weights: Float64Array,
  window: number,
  size: number,
  gathered: Float64Array,
  gEmbedding: Float64Array,
  gWeights: Float64Array,
): void {
  for (let place = 0; place < window; place++) {
    for (let kind = 0; kind < kinds; kind++) {
      const row = (place * kinds + kind) * size;
      for (let e = 0; e < width; e++) {
        const from = (place * width + e) * size;
        const value = embedding[kind * width + e]!;
        let back = 0;
        for (let c = 0; c < size; c++) {
          const gradient = gathered[row + c]!;
          gWeights[from + c]! += gradient * value;
          back += gradient * weights[from + c]!;
        }
        gEmbedding[kind * width + e]! += back;
      }
    }
  }
}
