import { expect, test } from "vitest";
import type { Logger } from "../shared/logger.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import { DEFAULT_WINDOW } from "../shared/wire/btauth.ts";
import type { ModelShelf } from "./inference/model-shelf.ts";
import { MinerMetrics } from "./metrics.ts";
import { reportEveryMinute } from "./status-line.ts";
import { Tally } from "./tally.ts";

test("a line a minute says what was answered and refused, where each model runs and how full its batches were; none when nothing happened", async () => {
  const clock = new ManualClock();
  const tally = new Tally();
  const lines: unknown[] = [];
  const noop = () => {};
  const logger: Logger = {
    ...{ warn: noop, debug: noop, error: noop },
    info: (event, fields) => lines.push({ event, ...fields }),
  };
  const stats = { model: "default", batches: 10, rows: 10, waiting: 3, places: [{ device: "cpu" }] };
  const models = () => [{ ...stats }] as unknown as ModelShelf["stats"];
  const stop = new AbortController();
  const reporting = reportEveryMinute({
    ...{ tally, metrics: new MinerMetrics(), window: DEFAULT_WINDOW, models },
    ...{ logger, clock, signal: stop.signal },
  });
  await clock.advance(60_000);
  expect(lines).toEqual([]);
  for (const ms of [4, 5, 90]) tally.answered(ms);
  tally.refused("AXON_OVERLOADED");
  Object.assign(stats, { batches: 14, rows: 20 });
  await clock.advance(60_000);
  expect(lines).toEqual([
    {
      ...{ event: "miner.status", answered: 3, p50Ms: 5, p99Ms: 5, refused: { AXON_OVERLOADED: 1 } },
      models: [{ model: "default", device: "cpu", waiting: 3, rowsPerBatch: 2.5 }],
    },
  ]);
  stop.abort();
  await reporting;
});
