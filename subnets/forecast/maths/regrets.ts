import { movingAverage } from "./statistics.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { Losses, OpenEpoch, RegretMatrix, TopicState, Worker } from "./types.ts";

/** Where a worker stood in the topic's columns, and where in the nonce's; undefined: it was in neither. */
type Place = { before: number | undefined; now: number | undefined };

/** What a nonce does to regrets (F8). */
export type RegretUpdate = {
  topic: TopicState;
  open: OpenEpoch;
  /** Of the whole network (F7). */
  losses: Losses;
  config: Pick<TopicConfig, "alphaRegret">;
};

/**
 * F8 for every variant that leaves out or adds one worker.
 *
 * @param inferers - The topic's workers after this nonce; who is not among them is forgotten.
 */
export function updateRegretMatrices(
  update: RegretUpdate,
  inferers: readonly Pick<Worker, "id">[],
  forecasters: readonly Pick<Worker, "id">[],
): Pick<TopicState, "oneOutRegrets" | "oneInRegrets"> {
  const { topic, open, losses } = update;
  const inPlace = placesIn(inferers, topic.inferers, open.inferers);
  const forePlace = placesIn(forecasters, topic.forecasters, open.forecasters);
  const shifted = forePlace.map(
    ({ before, now }): Place => ({
      before: before === undefined ? undefined : before + topic.inferers.length,
      now: now === undefined ? undefined : now + open.inferers.length,
    }),
  );
  const all = [...inPlace, ...shifted];
  const own = [...losses.inferers, ...losses.forecasters];
  const reference = [...losses.oneOutInferer, ...losses.oneOutForecaster];
  return {
    oneOutRegrets: updateMatrix(update, topic.oneOutRegrets, all, all, (row, column) => {
      // Without an inferer, a forecaster is worth what it says without that inferer.
      const without = losses.impliedWithout[row]?.[column - open.inferers.length];
      const loss = without === undefined ? own[column]! : without;
      return loss === null ? null : reference[row]! - loss;
    }),
    oneInRegrets: updateMatrix(
      update,
      topic.oneInRegrets,
      forePlace,
      inPlace,
      (row, column) => losses.oneIn[row]! - own[column]!,
    ),
  };
}

/** F8. @param previous - Null: there is none, and it starts from what newcomers start from. */
export function updateRegret(
  { topic, config }: Pick<RegretUpdate, "topic" | "config">,
  difference: number,
  previous: number | null | undefined,
): number {
  return movingAverage(config.alphaRegret, difference, previous ?? topic.initialRegret);
}

function placesIn(
  workers: readonly { id: string }[],
  before: readonly { id: string }[],
  now: readonly { id: string }[],
): Place[] {
  const [placeBefore, placeNow] = [placesOf(before), placesOf(now)];
  return workers.map(({ id }) => ({ before: placeBefore.get(id), now: placeNow.get(id) }));
}

/** Position of each by id. */
export function placesOf(workers: readonly { id: string }[]): Map<string, number> {
  return new Map(workers.map(({ id }, place) => [id, place]));
}

/** @param differenceAt - By places in the nonce. Null: there is none, and the regret stays. */
function updateMatrix(
  update: RegretUpdate,
  matrix: RegretMatrix,
  rows: readonly Place[],
  columns: readonly Place[],
  differenceAt: (row: number, column: number) => number | null,
): RegretMatrix {
  return rows.map((row) => {
    const known = row.before === undefined ? undefined : matrix[row.before];
    return columns.map((column) => {
      const previous = column.before === undefined ? null : (known?.[column.before] ?? null);
      if (row.now === undefined || column.now === undefined) return previous;
      const difference = differenceAt(row.now, column.now);
      return difference === null ? previous : updateRegret(update, difference, previous);
    });
  });
}
