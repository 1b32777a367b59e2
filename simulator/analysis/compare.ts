import type { Summary } from "./summary.ts";
import { summaryNumbers } from "./summary-numbers.ts";

/** Undefined: that side has no such group. Null: it has, and there is nothing to measure. */
export type ComparedNumber = {
  name: string;
  a: number | null | undefined;
  b: number | null | undefined;
  /** b - a, where both are numbers. */
  change: number | undefined;
};
export type Comparison = { a: string; b: string; rows: readonly ComparedNumber[] };

/** Two configurations side by side, in the order of the first; what only the second has follows. */
export function compare(a: Summary, b: Summary): Comparison {
  const before = new Map(summaryNumbers(a).map(({ name, value }) => [name, value]));
  const after = new Map(summaryNumbers(b).map(({ name, value }) => [name, value]));
  const names = [...before.keys(), ...[...after.keys()].filter((name) => !before.has(name))];
  const rows = names.map((name) => {
    const [from, to] = [before.get(name), after.get(name)];
    const change = typeof from === "number" && typeof to === "number" ? to - from : undefined;
    return { name, a: from, b: to, change };
  });
  return { a: a.scenario, b: b.scenario, rows };
}
