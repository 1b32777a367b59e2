import { SubforgeError } from "../../shared/errors.ts";
import { noiseFrom } from "../noise.ts";
import type { Scenario } from "../scenario.ts";
import type { Play } from "./attack-table.ts";
import { type FieldValue, setField } from "./set-field.ts";
import { summarise } from "./summarise.ts";
import type { Summary } from "./summary.ts";

/** More is a mistake, or a week. */
const MAX_POINTS = 1_000;

/** One field that is varied: the values in turn, or in random sweeps any number in a range. */
export type SweepAxis = { path: string; values: readonly FieldValue[] } | SweepRange;
export type SweepRange = { path: string; from: number; to: number; whole?: boolean };

export type SweepOptions = {
  scenario: Scenario;
  axes: readonly SweepAxis[];
  /** Undefined: every combination of the values. Else so many random ones, drawn from the scenario's seed. */
  points?: number | undefined;
  play: Play;
  onProgress?: ((done: { done: number; of: number }) => void) | undefined;
};

export type SweepPoint = { values: Readonly<Record<string, FieldValue>>; summary: Summary };
export type Sweep = { paths: readonly string[]; points: readonly SweepPoint[] };

/**
 * Plays a scenario once for each combination of values.
 *
 * @throws SubforgeError CONFIG_INVALID for too many points, a range in a grid, or a field that there is not
 */
export async function sweep(options: SweepOptions): Promise<Sweep> {
  const { scenario, axes, play, onProgress } = options;
  const chosen = options.points === undefined ? grid(axes) : draw(axes, options.points, scenario.seed);
  // All of them before the first is played: what is wrong is said at once.
  const scenarios = chosen.map((values) =>
    Object.entries(values).reduce((changed, [path, value]) => setField(changed, path, value), scenario),
  );
  const points: SweepPoint[] = [];
  for (const [i, changed] of scenarios.entries()) {
    points.push({ values: chosen[i]!, summary: summarise(await play(changed)) });
    onProgress?.({ done: i + 1, of: scenarios.length });
  }
  return { paths: axes.map(({ path }) => path), points };
}

function grid(axes: readonly SweepAxis[]): Record<string, FieldValue>[] {
  const size = axes.reduce((product, axis) => product * ("values" in axis ? axis.values.length : 1), 1);
  if (size > MAX_POINTS) refuse(`${size} combinations are more than ${MAX_POINTS}`);
  return axes.reduce<Record<string, FieldValue>[]>(
    (points, axis) => {
      if (!("values" in axis)) refuse(`${axis.path}: a range needs a number of random points`);
      return points.flatMap((point) => axis.values.map((value) => ({ ...point, [axis.path]: value })));
    },
    [{}],
  );
}

function draw(axes: readonly SweepAxis[], count: number, seed: string): Record<string, FieldValue>[] {
  if (!Number.isInteger(count) || count < 1 || count > MAX_POINTS) {
    refuse(`${count} points: use 1 to ${MAX_POINTS}`);
  }
  const noise = noiseFrom(`sweep ${seed}`);
  return Array.from({ length: count }, () =>
    Object.fromEntries(axes.map((axis) => [axis.path, drawOne(axis, noise.uniform())])),
  );
}

function drawOne(axis: SweepAxis, at: number): FieldValue {
  if ("values" in axis) return axis.values[Math.floor(at * axis.values.length)]!;
  const { from, to, whole = false } = axis;
  return whole ? from + Math.floor(at * (to - from + 1)) : from + at * (to - from);
}

function refuse(problem: string): never {
  throw new SubforgeError("CONFIG_INVALID", { what: "the sweep", problems: [problem] });
}
