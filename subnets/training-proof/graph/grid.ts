/** A grid of numbers: multiples of 2^-bits from -clip to clip. */
export type Grid = { bits: number; clip: number };

/**
 * The grids of training. Operands of every reduction are on one, so that each product and each partial sum is a whole
 * multiple of one unit below 2^24 of them: sums of float32 are exact then, in any order, on any hardware, also with fused
 * multiply-add or TF32.
 */
export const GRID = {
  /** Activations. */
  a: { bits: 6, clip: 4 },
  /** Weights in products. */
  w: { bits: 6, clip: 4 },
  /** Logits below the largest of their row. */
  z: { bits: 6, clip: 20 },
  /** Gradients of what a layer puts out. */
  g: { bits: 15, clip: 2 ** -6 },
  /** Velocities. */
  v: { bits: 16, clip: 8 },
  /** Parameters. */
  p: { bits: 16, clip: 4 },
} as const satisfies Record<string, Grid>;

/** Significant bits of float32. */
const EXACT_BITS = 24;

/** Terms that a sum of products of two grids may have and still be exact. */
export function exactTerms(a: Grid, b: Grid): number {
  return 2 ** Math.floor(EXACT_BITS - Math.log2(a.clip) - Math.log2(b.clip) - a.bits - b.bits);
}

/** exp(-i / 64) for i = 0..1280, in 4096ths: the exponential of every logit on the grid. */
export const EXP_TABLE: Float32Array<ArrayBuffer> = Float32Array.from(
  { length: GRID.z.clip * 2 ** GRID.z.bits + 1 },
  (_, i) => roundHalfEven(Math.exp(-i / 64) * 4096) / 4096,
);

/** The tanh form of Gelu and its slope for every activation on the grid, in 4096ths. */
export const GELU_TABLE: Float32Array<ArrayBuffer> = tableOf((x, h) => x * h);
export const GELU_SLOPE_TABLE: Float32Array<ArrayBuffer> = tableOf(
  (x, h) => h + 2 * x * h * (1 - h) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x),
);

/** @param value - Of x and (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2. */
function tableOf(value: (x: number, h: number) => number): Float32Array<ArrayBuffer> {
  const { bits, clip } = GRID.a;
  return Float32Array.from({ length: 2 * clip * 2 ** bits + 1 }, (_, i) => {
    const x = i * 2 ** -bits - clip;
    const u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
    return roundHalfEven(value(x, (1 + Math.tanh(u)) / 2) * 4096) / 4096;
  });
}

/** The nearest number of a grid, of two that are as near the even one. */
export function quantise(x: number, { bits, clip }: Grid): number {
  const rounded = roundHalfEven(x * 2 ** bits) * 2 ** -bits;
  return Math.min(clip, Math.max(-clip, rounded));
}

/** Exact below 2^51. */
function roundHalfEven(x: number): number {
  const whole = 6_755_399_441_055_744; // 1.5 * 2^52: nothing behind the point is left
  return x + whole - whole;
}
