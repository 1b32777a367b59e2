import { describe, expect, test } from "vitest";
import { judgeClock, type TimeSource } from "./check-clock.ts";

const NOW = 1_790_000_000_000;
/** A chain whose block was begun so many seconds ago, and a server with a date of whole seconds. */
const chain = (agoS: number, offS = 0): TimeSource => {
  const fromMs = NOW + (offS - agoS) * 1_000;
  return { name: "the chain", fromMs, toMs: fromMs + 24_000 };
};
const server = (offS = 0): TimeSource => ({
  name: "the server",
  fromMs: NOW + offS * 1_000,
  toMs: NOW + (offS + 1) * 1_000,
});

describe("M13 the clock at the start", () => {
  test.for([
    ["30 s behind the others", [chain(6, 30), server(30)], "24 s behind"],
    ["30 s ahead of the others", [chain(6, -30), server(-30)], "12 s ahead"],
    ["30 s behind a chain that is the only one asked", [chain(0, 30)], "30 s behind"],
  ] as const)("is refused when it is %s", ([_what, sources, skew]) => {
    expect(judgeClock(sources, NOW)).toMatchObject({
      ...{ state: "missing", code: "MINER_CLOCK_SKEW", skew: { skew } },
      next: expect.stringContaining("timedatectl"),
    });
  });

  test.for([
    ["agrees", [chain(6), server()], "ok"],
    ["agrees with a chain that missed a slot", [chain(23), server()], "ok"],
    ["is a second off", [chain(6), server(1.5)], "ok"],
    ["is in doubt, because a local chain was warped", [chain(0, 3_600), server()], "warn"],
    ["is in doubt, because nobody answered", [], "warn"],
  ] as const)("is not refused when it %s", ([_what, sources, state]) => {
    expect(judgeClock(sources, NOW).state).toBe(state);
  });
});
