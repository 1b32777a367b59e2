import { describe, expect, test } from "vitest";
import type { Logger } from "../shared/logger.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import { DEFAULT_WINDOW } from "../shared/wire/btauth.ts";
import { measuredSkewSeconds } from "./clock-watch.ts";
import { MinerMetrics } from "./metrics.ts";
import { reportEveryMinute } from "./status-line.ts";
import { Tally } from "./tally.ts";

const many = (age: number, count = 20) => Array.from({ length: count }, () => age);

describe("M13 a wrong clock", () => {
  test.for([
    ["30 s ahead", { ages: many(30), stale: 20 }, 30],
    ["30 s behind", { ages: many(-30), stale: 20 }, -30],
    [
      "right, with one caller whose clock is wrong",
      { ages: [...many(0.2), ...many(40, 6)], stale: 6 },
      undefined,
    ],
    ["right, after a few old retries", { ages: many(30, 4), stale: 4 }, undefined],
    ["right, while nobody calls", { ages: [], stale: 0 }, undefined],
  ] as const)("of this machine is measured by what its callers claim: %s", ([_what, sample, skew]) => {
    expect(measuredSkewSeconds({ ages: [...sample.ages], stale: sample.stale }, DEFAULT_WINDOW)).toBe(skew);
  });

  test("is said with its size while refusals for age rise, every minute, and no longer when they stop", async () => {
    const clock = new ManualClock();
    const metrics = new MinerMetrics();
    const alerts: unknown[] = [];
    const noop = () => {};
    const logger: Logger = {
      ...{ info: noop, warn: noop, debug: noop },
      error: (event, fields) =>
        alerts.push({ event, skewSeconds: fields?.skewSeconds, refused: fields?.refused }),
    };
    const stop = new AbortController();
    const reporting = reportEveryMinute({
      ...{ tally: new Tally(), metrics, window: DEFAULT_WINDOW, models: () => [] },
      ...{ logger, clock, signal: stop.signal },
    });
    for (let i = 0; i < 8; i += 1) {
      metrics.requestAgeSeconds(29.96);
      metrics.refused("BTAUTH_STALE", "btauth/1");
    }
    await clock.advance(60_000);
    expect(alerts).toEqual([{ event: "miner.clock-skew", skewSeconds: 30, refused: 8 }]);
    expect(await metrics.page()).toContain("sf_clock_skew_seconds 29.96\n");
    await clock.advance(60_000);
    expect(alerts).toHaveLength(1);
    expect(await metrics.page()).toContain("sf_clock_skew_seconds 0\n");
    stop.abort();
    await reporting;
  });
});
