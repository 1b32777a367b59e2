import { expect } from "vitest";

/** Numbers pass when they differ by at most `abs + rel * |expected|`. */
export type Tolerance = { rel: number; abs: number };

/** For tests only: objects and arrays recurse, numbers may differ a little, everything else must be equal. */
export function expectNear(got: unknown, expected: unknown, tolerance: Tolerance, path = "value"): void {
  if (typeof expected === "number" && typeof got === "number") {
    const limit = tolerance.abs + tolerance.rel * Math.abs(expected);
    expect(Math.abs(got - expected), `${path}: ${got}, expected ${expected}`).toBeLessThanOrEqual(limit);
  } else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(got as object).sort(), path).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected))
      expectNear((got as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`);
  } else expect(got, path).toEqual(expected);
}
