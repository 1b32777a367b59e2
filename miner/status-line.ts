import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/logger.ts";
import type { FreshnessWindow } from "../shared/wire/btauth.ts";
import { measuredSkewSeconds } from "./clock-watch.ts";
import type { ModelShelf } from "./inference/model-shelf.ts";
import type { MinerMetrics } from "./metrics.ts";
import type { Tally } from "./tally.ts";

const EVERY_MS = 60_000;

type Deps = {
  tally: Tally;
  metrics: MinerMetrics;
  window: FreshnessWindow;
  models(): ModelShelf["stats"];
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
};

/** One line a minute, when there was anything to do, and an alert while the clocks of callers say that ours is wrong. */
export async function reportEveryMinute(deps: Deps): Promise<void> {
  const { tally, metrics, window, models, logger, clock, signal } = deps;
  let before = models();
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal);
    const report = tally.takeReport();
    if (report.answered > 0 || Object.keys(report.refused).length > 0) {
      logger.info("miner.status", { ...report, models: models().map((model) => describe(model, before)) });
    }
    before = models();
    const sample = metrics.takeAges();
    const skewSeconds = measuredSkewSeconds(sample, window);
    metrics.set("sf_clock_skew_seconds", skewSeconds ?? 0, {});
    if (skewSeconds !== undefined) {
      logger.error("miner.clock-skew", {
        skewSeconds: Math.round(skewSeconds * 10) / 10,
        refused: sample.stale,
        next: "set the clock of this machine, as in: timedatectl set-ntp true; then subforge miner check",
      });
    }
  }
}

/** One model of the last minute: where it runs, rows of a batch on average, who waits. */
function describe(model: ModelShelf["stats"][number], before: ModelShelf["stats"]) {
  const last = before.find((one) => one.model === model.model);
  const batches = model.batches - (last?.batches ?? 0);
  const rows = model.rows - (last?.rows ?? 0);
  return {
    ...{ model: model.model, device: model.places[0]?.device, waiting: model.waiting },
    rowsPerBatch: batches > 0 ? Math.round((10 * rows) / batches) / 10 : 0,
  };
}
