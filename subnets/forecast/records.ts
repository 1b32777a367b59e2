import type { Hotkey } from "../../shared/types.ts";
import type { PeerFacts } from "./features.ts";
import { movingAverage } from "./maths/statistics.ts";
import type { OpenEpoch, TopicReport } from "./maths/types.ts";

/** Newest losses of an inferer that are kept: what forecasters see. */
const LOSSES = 8;

/** Keeps deviations finite when everybody says the same. */
const LEAST_SPREAD = 1e-9;

/** What forecasters are told of inferers, besides what the topic remembers itself. */
export type Records = {
  [hotkey: Hotkey]: { losses: number[] } & Pick<PeerFacts, "averageLoss" | "deviation">;
};

export const NO_RECORD: Records[string] = { losses: [], averageLoss: null, deviation: 0 };

/** @param alpha - Share of the newest loss in the average. */
export function updateRecords(
  before: Records,
  { open, report }: { open: OpenEpoch; report: TopicReport },
  spread: { median: number; mad: number },
  { alpha, registered }: { alpha: number; registered: ReadonlySet<Hotkey> },
): Records {
  const next: [Hotkey, Records[string]][] = Object.entries(before).filter(([hotkey]) =>
    registered.has(hotkey),
  );
  const records = new Map(next);
  open.inferers.forEach(({ id, value }, at) => {
    if (!registered.has(id)) return;
    const { losses, averageLoss } = records.get(id) ?? NO_RECORD;
    const { loss } = report.inferers[at]!;
    records.set(id, {
      losses: [...losses, loss].slice(-LOSSES),
      averageLoss: movingAverage(alpha, loss, averageLoss),
      deviation: (value - spread.median) / Math.max(spread.mad, LEAST_SPREAD),
    });
  });
  return Object.fromEntries([...records].sort(([a], [b]) => (a < b ? -1 : 1)));
}
