import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/logger.ts";
import type { FreshnessWindow } from "../shared/wire/btauth.ts";
import { measuredSkewSeconds } from "./clock-watch.ts";
import type { MinerMetrics } from "./metrics.ts";
import type { Tally } from "./tally.ts";

const EVERY_MS = 60_000;

type Deps = {
  tally: Tally;
  metrics: MinerMetrics;
  window: FreshnessWindow;
  /** What the pool says of itself: where it runs, how many rows a batch had, who waits. */
  model(): Record<string, unknown>;
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
};

/** One line a minute, when there was anything to do, and an alert while the clocks of callers say that ours is wrong. */
export async function reportEveryMinute(deps: Deps): Promise<void> {
  const { tally, metrics, window, model, logger, clock, signal } = deps;
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal);
    const report = tally.takeReport();
    if (report.answered > 0 || Object.keys(report.refused).length > 0) {
      logger.info("miner.status", { ...report, ...model() });
    }
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
