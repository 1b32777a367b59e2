import { childSeed, type Random, randomFrom } from "../../shared/rules/beacon.ts";

/** Side of an image in pixels. */
const SIDE = 12;

/** Pixels of one image: what a model gets in a row. */
export const PIXELS = SIDE * SIDE;

/** What is drawn, by label. Each is further than 15 degrees away from every other. */
export const SHAPES = [
  "disc",
  "ring",
  "square",
  "frame",
  "triangle",
  "plus",
  "cross",
  "bar",
  "pillar",
  "diamond",
] as const;

export const CLASSES = SHAPES.length;

type Shape = (typeof SHAPES)[number];

const MAX_ROTATION = Math.PI / 12;
const MAX_SHIFT = 0.22;
const NOISE = { from: 0.02, to: 0.1 };
const HALF_DIAGONAL = Math.SQRT1_2;

/** Width of the soft edge, about one pixel: half of it inside the shape. */
const EDGE = 2 / SIDE;

/** Labels of `count` images: uniform, and known without drawing a pixel. */
export function drawLabels(seed: Uint8Array, count: number): number[] {
  const random = randomFrom(childSeed(seed, "labels"));
  return Array.from({ length: count }, () => random.below(CLASSES));
}

/**
 * Greyscale images of these labels, each rotated by up to 15 degrees, shifted, scaled, with a contrast and a noise of
 * its own.
 *
 * @returns float32 [labels, PIXELS], row-major. About 0..1, more where noise adds to it.
 */
export function drawImages(seed: Uint8Array, labels: readonly number[]): Float32Array<ArrayBuffer> {
  const random = randomFrom(childSeed(seed, "images"));
  const pixels = new Float32Array(labels.length * PIXELS);
  labels.forEach((label, index) => {
    drawImage(random, SHAPES[label]!, pixels.subarray(index * PIXELS, (index + 1) * PIXELS));
  });
  return pixels;
}

function drawImage(random: Random, shape: Shape, pixels: Float32Array): void {
  const between = (from: number, to: number) => from + (to - from) * random.uniform();
  const angle = between(-MAX_ROTATION, MAX_ROTATION);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [shiftX, shiftY] = [between(-MAX_SHIFT, MAX_SHIFT), between(-MAX_SHIFT, MAX_SHIFT)];
  const size = between(0.7, 1);
  const background = between(0, 0.3);
  const contrast = between(0.4, 0.7);
  const noise = between(NOISE.from, NOISE.to);

  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const x = ((column + 0.5) * 2) / SIDE - 1 - shiftX;
      const y = ((row + 0.5) * 2) / SIDE - 1 - shiftY;
      const distance = size * distanceTo(shape, (cos * x + sin * y) / size, (cos * y - sin * x) / size);
      const ink = Math.min(1, Math.max(0, 0.5 - distance / EDGE));
      pixels[row * SIDE + column] = background + contrast * ink + noise * random.normal();
    }
  }
}

/** Signed distance to the outline, negative inside, in a square from -1 to 1; y points down. */
function distanceTo(shape: Shape, x: number, y: number): number {
  const [absX, absY] = [Math.abs(x), Math.abs(y)];
  switch (shape) {
    case "disc":
      return Math.hypot(x, y) - 0.72;
    case "ring":
      return Math.abs(Math.hypot(x, y) - 0.62) - 0.15;
    case "square":
      return Math.max(absX, absY) - 0.62;
    case "frame":
      return Math.abs(Math.max(absX, absY) - 0.6) - 0.15;
    case "triangle":
      return Math.max(y - 0.55, absX * 0.87 - y * 0.5 - 0.4);
    case "plus":
      return plus(absX, absY);
    case "cross":
      return plus(Math.abs(x + y) * HALF_DIAGONAL, Math.abs(x - y) * HALF_DIAGONAL);
    case "bar":
      return Math.max(absX - 0.75, absY - 0.2);
    case "pillar":
      return Math.max(absX - 0.2, absY - 0.75);
    case "diamond":
      return (absX + absY - 0.85) * HALF_DIAGONAL;
  }
}

function plus(absX: number, absY: number): number {
  return Math.min(Math.max(absX - 0.17, absY - 0.75), Math.max(absY - 0.17, absX - 0.75));
}
