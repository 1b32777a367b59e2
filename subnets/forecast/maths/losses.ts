import type { LossMethod, TopicConfig } from "./topic-config.ts";
import type { Losses, OpenEpoch } from "./types.ts";

/** Keeps logarithms of probabilities and divisions by a truth finite. */
const LEAST = 1e-9;

const METHODS: Record<LossMethod, (value: number, truth: number) => number> = {
  mse: (value, truth) => (value - truth) ** 2,
  mae: (value, truth) => Math.abs(value - truth),
  bce: (value, truth) => {
    const p = Math.min(Math.max(value, LEAST), 1 - LEAST);
    return -(truth * Math.log(p) + (1 - truth) * Math.log(1 - p));
  },
  mape: (value, truth) => Math.abs(value - truth) / Math.max(Math.abs(truth), LEAST),
};

/** F7: log10 of what a value is wrong by. */
export function lossOf(
  value: number,
  truth: number,
  { lossMethod, lossFloor }: Pick<TopicConfig, "lossMethod" | "lossFloor">,
): number {
  return Math.log10(Math.max(METHODS[lossMethod](value, truth), lossFloor));
}

/** Of everything that was opened, as one reputer sees it that takes this for the truth. */
export function lossesOf(open: OpenEpoch, truth: number, config: TopicConfig): Losses {
  const lossIn = (value: number) => lossOf(value, truth, config);
  const lossesIn = (values: readonly number[]) => values.map(lossIn);
  return {
    combined: lossOf(open.combined, truth, config),
    naive: lossOf(open.naive, truth, config),
    inferers: lossesIn(open.inferers.map(({ value }) => value)),
    forecasters: lossesIn(open.forecasters.map(({ value }) => value)),
    oneOutInferer: lossesIn(open.oneOutInferer),
    impliedWithout: open.impliedWithout.map((row) =>
      row.map((value) => (value === null ? null : lossIn(value))),
    ),
    oneOutForecaster: lossesIn(open.oneOutForecaster),
    oneIn: lossesIn(open.oneIn),
  };
}

/** What reputers are compared by: all columns of one in one row, but for what forecasts imply without somebody. */
export function toRow(losses: Losses): number[] {
  return [
    losses.combined,
    losses.naive,
    ...losses.inferers,
    ...losses.forecasters,
    ...losses.oneOutInferer,
    ...losses.oneOutForecaster,
    ...losses.oneIn,
  ];
}

/** F7: the mean of several reputers, each counted by its weight. @param weights - >= 0, not all 0. */
export function weightedLosses(all: readonly Losses[], weights: readonly number[]): Losses {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const meanOf = (lossIn: (losses: Losses) => number) =>
    all.reduce((sum, losses, i) => sum + lossIn(losses) * weights[i]!, 0) / total;
  const column = (key: Exclude<keyof Losses, "combined" | "naive" | "impliedWithout">) =>
    all[0]![key].map((_, at) => meanOf((losses) => losses[key][at]!));
  return {
    combined: meanOf(({ combined }) => combined),
    naive: meanOf(({ naive }) => naive),
    inferers: column("inferers"),
    forecasters: column("forecasters"),
    oneOutInferer: column("oneOutInferer"),
    impliedWithout: all[0]!.impliedWithout.map((row, j) =>
      row.map((loss, k) => (loss === null ? null : meanOf((losses) => losses.impliedWithout[j]![k]!))),
    ),
    oneOutForecaster: column("oneOutForecaster"),
    oneIn: column("oneIn"),
  };
}
