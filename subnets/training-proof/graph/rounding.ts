import { exactTerms, GRID } from "./grid.ts";
import type { Mode } from "./network.ts";
import type { Tape, Value } from "./tape.ts";

/** 1.5 * 2^23. */
const ROUNDS_TO_WHOLE = 12_582_912;

export type GridName = keyof typeof GRID;

export type Rounding = {
  /** The value itself where a network does not compute on grids. */
  onGrid(value: Value, grid: GridName): Value;
  /** Terms that a sum of products may have. */
  limit(a: GridName, b: GridName): number;
};

export function roundingOf(tape: Tape, mode: Mode): Rounding {
  if (mode === "fp32") return { onGrid: (value) => value, limit: () => Number.POSITIVE_INFINITY };
  return {
    onGrid: (value, name) => {
      const { bits, clip } = GRID[name];
      const { shape } = value;
      // So large that float32 has no digit left below the grid: added and taken away, it leaves the nearest number of the
      // grid, the even one of two. What is too large for that is too large for the grid as well.
      const large = tape.number(ROUNDS_TO_WHOLE * 2 ** -bits);
      const rounded = tape.put("Sub", [tape.put("Add", [value, large], shape), large], shape);
      return tape.put("Clip", [rounded, tape.number(-clip), tape.number(clip)], shape);
    },
    limit: (a, b) => exactTerms(GRID[a], GRID[b]),
  };
}
