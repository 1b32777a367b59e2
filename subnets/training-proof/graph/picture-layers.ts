import { pick, reshape, scale } from "./arrange.ts";
import { linear } from "./dense-layers.ts";
import type { Mode } from "./network.ts";
import type { Tape, Value } from "./tape.ts";

/*
 * Layers over square pictures, [batch, pixels, channels]. A convolution is a product over patches and not the runtime's
 * own: that one may take a transform (Winograd's, Fourier's) whose sums are not exact on any grid, and its way back would.
 */

/** 3x3 with a frame of zeros. `weight` is [9 x channels, filters]; `picture` is on the grid of activations. */
export function convolution(tape: Tape, mode: Mode, picture: Value, weight: Value, bias: Value): Value {
  const [batch, pixels, channels] = picture.shape as [number, number, number];
  const patches = pick(tape, picture, [neighbours(Math.sqrt(pixels))]);
  const rows = reshape(tape, patches, [batch * pixels, 9 * channels]);
  return reshape(tape, linear(tape, mode, rows, weight, bias), [batch, pixels, weight.shape[1]!]);
}

/** The mean of each four pixels. */
export function halve(tape: Tape, picture: Value): Value {
  const side = Math.sqrt(picture.shape[1]!);
  const corners = [0, 1, side, side + 1];
  const half = Array.from({ length: side / 2 }, (_, i) => 2 * i);
  const lists = corners.map((corner) =>
    half.flatMap((row) => half.map((column) => row * side + column + corner)),
  );
  return scale(tape, pick(tape, picture, lists), 0.25);
}

/** The nine pixels around each, row by row; -1 outside. */
function neighbours(side: number): number[] {
  const around = [-1, 0, 1];
  return Array.from({ length: side * side }, (_, pixel) =>
    around.flatMap((down) =>
      around.map((right) => {
        const [row, column] = [Math.floor(pixel / side) + down, (pixel % side) + right];
        const isInside = row >= 0 && row < side && column >= 0 && column < side;
        return isInside ? row * side + column : -1;
      }),
    ),
  ).flat();
}
