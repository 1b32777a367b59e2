import { childSeed, epochSeed } from "../../shared/rules/beacon.ts";
import type { EpochContext, Transcript } from "../../shared/template.ts";
import { arityOf, type ForecastConfig } from "./config.ts";
import { WINDOW } from "./features.ts";
import { drawSeries, nextPoint, type SeriesPoint } from "./generator.ts";
import { TRUTH_STAGE, type TruthResponse } from "./truth.ts";

/** The newest known values of each label, oldest first, and what the generator needs to go on. */
export type Series = { values: number[][]; last: SeriesPoint[] };

export const NO_SERIES: Series = { values: [], last: [] };

/**
 * The series as it stands in this epoch. Nobody knows its next value: it needs a beacon, a block or a signature that is
 * not there yet.
 *
 * @param transcripts - Of this epoch, with the answer of the source where there is one.
 * @returns `isNew`: it has a value of this epoch.
 */
export function seriesAt(
  before: Series,
  context: EpochContext<ForecastConfig>,
  transcripts: readonly Transcript[],
): { series: Series; isNew: boolean } {
  const arity = arityOf(context.config);
  const labels = Array.from({ length: arity }, (_, label) => label);
  if (context.config.truth.kind !== "generator") {
    const value = truthIn(transcripts, context.epoch);
    if (value === undefined) return { series: before, isNew: false };
    return { series: { values: [appended(before.values[0], value)], last: [] }, isNew: true };
  }
  const { netuid, epoch, beacon } = context;
  const seed = epochSeed({ netuid, epoch, randomness: beacon, purpose: "forecast/series" });
  // A series that begins has a past, so that the first question is one like any other.
  const pasts = labels.map((label) =>
    before.last[label] ? [] : drawSeries(childSeed(seed, `past ${label}`), WINDOW),
  );
  const last = labels.map((label) =>
    nextPoint(before.last[label] ?? pasts[label]!.at(-1)!, childSeed(seed, `label ${label}`)),
  );
  const values = labels.map((label) =>
    appended(before.values[label] ?? pasts[label]!.map(({ value }) => value), last[label]!.value),
  );
  return { series: { values, last }, isNew: true };
}

/** Newest value of each label; undefined: there is none yet. */
export function newestOf({ values }: Series): number[] | undefined {
  const newest = values.map((known) => known.at(-1));
  return newest.length > 0 && newest.every((value) => value !== undefined) ? newest : undefined;
}

function appended(known: readonly number[] = [], value: number): number[] {
  return [...known, value].slice(-WINDOW);
}

function truthIn(transcripts: readonly Transcript[], epoch: number): number | undefined {
  for (const { job, epoch: of, answers } of transcripts) {
    if (job.stage !== TRUTH_STAGE || of !== epoch) continue;
    const answer = answers.get("source");
    if (answer?.ok) return (answer.response as TruthResponse).value;
  }
  return undefined;
}
