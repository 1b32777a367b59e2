import { expect, test } from "vitest";
import { lows, slope } from "./slope.ts";

const line = (rise: number) => Array.from({ length: 12 }, (_, x) => ({ x, y: 7 + rise * x }));

test("the slope of a line is its rise, of a point nothing", () => {
  expect(slope(line(2))).toBeCloseTo(2);
  expect(slope(line(0))).toBe(0);
  expect(slope(line(1).slice(0, 1))).toBe(0);
});

test("the lows of a saw leave only what stays", () => {
  const saw = line(0.1).map(({ x, y }) => ({ x, y: y + 50 * (x % 3) }));
  expect(slope(lows(saw, 3))).toBeCloseTo(0.1);
});
