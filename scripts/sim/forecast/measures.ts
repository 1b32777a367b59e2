import { type Played, playWorld, type World } from "./world.ts";

/** The mean of so many worlds is what counts. */
const SEEDS = Array.from({ length: 8 }, (_, i) => `reference ${i}`);
/** Nobody is known yet in the first of them. */
const IGNORED = 50;

/** One world for each seed. */
export function playWorlds(world: Omit<World, "seed"> = {}): Played[][] {
  return SEEDS.map((seed) => playWorld({ ...world, seed }));
}

/** Mean over the seeds. `measure` gets the same place of each list of worlds. */
export function overSeeds(worlds: readonly Played[][][], measure: (...played: Played[][]) => number): number {
  return average(SEEDS.map((_, i) => measure(...worlds.map((of) => of[i]!))));
}

/** Mean squared error of what a day gives, over the days that count. */
export function errorOf(
  played: readonly Played[],
  valueIn: (day: Played) => number | undefined,
  from = IGNORED,
): number {
  const errors = played.slice(from).flatMap((day) => {
    const value = valueIn(day);
    return value === undefined ? [] : [(value - day.day.truth) ** 2];
  });
  return average(errors);
}

export const combinedError = (played: readonly Played[]): number =>
  errorOf(played, ({ open }) => open.combined);

/** Of the honest inferer that errs least over all days. */
export function bestError(played: readonly Played[]): number {
  const errors = honestIds(played).map((id) => errorOf(played, ({ day }) => day.values.get(id)));
  return Math.min(...errors);
}

/** Mean weight of a worker over the days that count; a forecaster's, too. */
export function payOf(played: readonly Played[], id: string, from = IGNORED, until = played.length): number {
  const weights = played.slice(from, until).map(({ report }) => {
    const all = [...report.inferers, ...report.forecasters];
    return all.find((worker) => worker.id === id)?.weight ?? 0;
  });
  return average(weights);
}

/** Of the honest inferer that is paid most. */
export function bestPay(played: readonly Played[]): number {
  return Math.max(...honestIds(played).map((id) => payOf(played, id)));
}

/** Pay of the last-value worker over that of the best. */
export function lazyShare(world: Omit<World, "seed">): number {
  return overSeeds([playWorlds(world)], (played) => payOf(played, "lazy") / bestPay(played));
}

/** Error of the combined value over that of the inferers' alone. */
export function againstNaive(played: readonly Played[]): number {
  return combinedError(played) / errorOf(played, ({ open }) => open.naive);
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function honestIds(played: readonly Played[]): string[] {
  return played[0]!.open.inferers.map(({ id }) => id).filter((id) => id.startsWith("inferer"));
}

/** Of a value that should be low. */
export function atMost(value: number, limit: number): { measured: string; pass: boolean } {
  return { measured: value.toFixed(3), pass: value <= limit };
}

/** Of a share that should be low. */
export function below(share: number, limit: number): { measured: string; pass: boolean } {
  return { measured: percent(share), pass: share < limit };
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
