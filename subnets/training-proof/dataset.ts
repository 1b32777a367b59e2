import { childSeed, type Random, randomFrom } from "../../shared/rules/beacon.ts";

/** Rows of numbers with the class that each belongs to. `x` is [rows x width], `labels` has one class per row. */
export type Rows = { x: Float32Array<ArrayBuffer>; labels: Uint16Array };

/** Numbers are multiples of it, within [-4, 4]: networks that compute on a grid read them without rounding. */
const STEP = 2 ** -6;
const CLIP = 4;

/** How far the classes stand apart, and how wide each is: a small network gets most of them, not all. */
const SPREAD = 0.5;
const NOISE = 1.25;

/**
 * Rows of a classification problem: each class has a centre, and each row lies somewhere around one. The centres come
 * from `problem`, the rows from `draw`: a training set and held-out rows share the first and not the second.
 *
 * Sums of uniform numbers, no logarithm or cosine: the same bits in every engine.
 *
 * @param problem - 32 bytes.
 * @param draw - 32 bytes.
 */
export function drawRows(
  problem: Uint8Array,
  draw: Uint8Array,
  { rows, width, classes }: { rows: number; width: number; classes: number },
): Rows {
  const centres = drawCentres(randomFrom(childSeed(problem, "centres")), classes * width);
  const random = randomFrom(draw);
  const x = new Float32Array(rows * width);
  const labels = new Uint16Array(rows);
  for (let row = 0; row < rows; row++) {
    const label = random.below(classes);
    labels[row] = label;
    for (let i = 0; i < width; i++) {
      x[row * width + i] = onGrid(centres[label * width + i]! + NOISE * bell(random));
    }
  }
  return { x, labels };
}

function drawCentres(random: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => SPREAD * bell(random) * 2);
}

/** The sum of four bytes, drawn as one number: mean 0, standard deviation 1 / sqrt(3), within -2 and 2. */
function bell(random: Random): number {
  const drawn = random.nextU32();
  return ((drawn & 255) + ((drawn >>> 8) & 255) + ((drawn >>> 16) & 255) + (drawn >>> 24) - 510) / 255;
}

function onGrid(value: number): number {
  return Math.max(-CLIP, Math.min(CLIP, Math.round(value / STEP) * STEP));
}
