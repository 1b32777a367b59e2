import { type ComparedNumber, compare } from "./compare.ts";
import type { Summary } from "./summary.ts";

const TOLERANCE = 0.05;
/** A number that was smaller is held to the tolerance of this one: a hundredth of nothing doubles easily. */
const LEAST = 0.01;

export type Regression = {
  verdict: "pass" | "fail";
  tolerance: number;
  /** Numbers that moved further than the tolerance, or came or went. */
  moved: readonly ComparedNumber[];
  /** How many were compared. */
  numbers: number;
};

/**
 * Holds what is measured now against what was stored.
 *
 * @param tolerance - Relative: 0.05 lets a number move by 5 %.
 */
export function holdAgainst(stored: Summary, now: Summary, tolerance = TOLERANCE): Regression {
  const { rows } = compare(stored, now);
  const moved = rows.filter((row) => hasMoved(row, tolerance));
  return { verdict: moved.length === 0 ? "pass" : "fail", tolerance, moved, numbers: rows.length };
}

function hasMoved({ a, b, change }: ComparedNumber, tolerance: number): boolean {
  if (change === undefined) return a !== b;
  return Math.abs(change) > tolerance * Math.max(Math.abs(a!), LEAST);
}
