import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LoopWatch } from "./loop-watch.ts";
import { QuestionTime } from "./question-time.ts";

const LIMIT_MS = 2_000;

let stillMs = 0;
const loop = { stillMs: () => stillMs };

beforeEach(() => {
  stillMs = 0;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

/** The clock goes on, and nobody listens. */
function standStill(ms: number): void {
  stillMs += ms;
  vi.advanceTimersByTime(ms);
}

describe("the time of a question", () => {
  it("ends at its deadline", () => {
    const time = new QuestionTime(LIMIT_MS, 60_000, loop);
    vi.advanceTimersByTime(LIMIT_MS - 1);
    expect(time.isOver).toBe(false);
    vi.advanceTimersByTime(1);
    expect([time.isOver, time.wasFull]).toEqual([true, true]);
  });

  it("P6: gives the miner back what we did not listen", () => {
    const time = new QuestionTime(LIMIT_MS, 60_000, loop);
    vi.advanceTimersByTime(500);
    standStill(6_000);
    expect(time.isOver).toBe(false);
    vi.advanceTimersByTime(1_500);
    expect([time.isOver, time.wasFull]).toEqual([true, true]);
  });

  it("P6: has no fault of ours in a latency", () => {
    const time = new QuestionTime(LIMIT_MS, 60_000, loop);
    time.sent();
    vi.advanceTimersByTime(30);
    standStill(800);
    time.arrived();
    expect(time.latencyMs()).toBeCloseTo(30);
    time.stop();
  });

  it("P6: says nothing about the miner when the stage is over before it had all of it", () => {
    const time = new QuestionTime(LIMIT_MS, 3_000, loop);
    standStill(2_500);
    expect(time.isOver).toBe(false);
    vi.advanceTimersByTime(500);
    expect([time.isOver, time.wasFull]).toEqual([true, false]);
  });
});

describe("the watch over the loop", () => {
  it("counts what blocks it, and no more", () => {
    vi.useRealTimers();
    const watch = new LoopWatch();
    const until = performance.now() + 250;
    while (performance.now() < until);
    expect(watch.stillMs()).toBeGreaterThanOrEqual(200);
    watch.stop();
  });
});
