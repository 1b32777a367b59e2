import { describe, expect, it } from "vitest";
import { simulateTempo } from "./scale-model.ts";

const COST = { workerMs: 10, redisMs: 0.1, plannerMs: 1, waitMs: 1_000 };
const LOAD = { subnets: 100, jobsPerEpoch: 10, tempoMs: 1_000_000, workers: 1, concurrency: 10 };

describe("a tempo of many subnets", () => {
  it("ends an epoch when its slowest job does, while there are hands", () => {
    const { epochP50Ms, epochP99Ms, workerBusy, redisBusy } = simulateTempo(COST, LOAD);
    expect(epochP50Ms).toBeCloseTo(1_100.1, 6); // ten jobs on one CPU, each behind Redis, then the wait
    expect(epochP99Ms).toBeCloseTo(1_100.1, 6);
    expect(workerBusy).toBeCloseTo(0.01, 6);
    expect(redisBusy).toBeCloseTo(0.0001, 6);
  });

  it("takes twice as long with half the hands, and falls behind with too few", () => {
    expect(simulateTempo(COST, { ...LOAD, concurrency: 5 }).epochP50Ms).toBeGreaterThan(2_000);
    const late = simulateTempo(COST, { ...LOAD, jobsPerEpoch: 1_500 });
    expect(late.workerBusy).toBeGreaterThan(1);
    expect(late.epochP99Ms).toBeGreaterThan(late.epochP50Ms * 1.5);
  });

  it("is slowed by Redis alone when workers are many", () => {
    const slow = { ...COST, redisMs: 50, waitMs: 0 };
    const { epochP50Ms } = simulateTempo(slow, { ...LOAD, workers: 50 });
    expect(epochP50Ms).toBeCloseTo(10 * 50 + 10, 6);
  });
});
