import { exactTerms, GRID } from "./grid.ts";
import type { Mode } from "./network.ts";
import type { Tape, Value } from "./tape.ts";

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
      const scaled = tape.put("Mul", [value, tape.number(2 ** bits)], shape);
      const whole = tape.put("Round", [scaled], shape);
      const back = tape.put("Mul", [whole, tape.number(2 ** -bits)], shape);
      return tape.put("Clip", [back, tape.number(-clip), tape.number(clip)], shape);
    },
    limit: (a, b) => exactTerms(GRID[a], GRID[b]),
  };
}
