import { describe, expect, it } from "vitest";
import { ChainClock } from "./chain-clock.ts";

const SLOT_MS = 12_000;
const START_MS = 1_790_000_000_000;

/** Nine blocks that arrive a second after they were made, on a machine whose clock is ahead by `skewMs`. */
function clockAt(skewMs: number, { speed = 1, late = new Set<number>(), slotMs = SLOT_MS } = {}): ChainClock {
  const clock = new ChainClock(() => slotMs);
  for (let i = 0; i < 9; i++) {
    const blockMs = START_MS + i * SLOT_MS * speed;
    const atMs = START_MS + i * SLOT_MS + 1_000 + skewMs + (late.has(i) ? 60_000 : 0);
    clock.seen({ atMs, blockMs });
  }
  return clock;
}

describe("T37: a clock that was moved", () => {
  it.each([
    ["an hour ahead", 3_600_000, 3_589],
    ["30 s ahead", 30_000, 19],
    ["30 s behind", -30_000, -29],
  ])("by %s shows beside the chain's", (_, skewMs, seconds) => {
    expect(clockAt(skewMs).skewSeconds()).toBe(seconds);
  });

  it("is not seen where a slot explains the difference, nor for a few late blocks", () => {
    expect(clockAt(0).skewSeconds()).toBe(0);
    expect(clockAt(2_000).skewSeconds()).toBe(0);
    expect(clockAt(0, { late: new Set([1, 4, 6]) }).skewSeconds()).toBe(0);
  });

  it("is not claimed beside a chain whose time runs at another speed, nor before nine blocks", () => {
    expect(clockAt(60_000, { speed: 12 }).skewSeconds()).toBeUndefined();
    expect(clockAt(60_000, { slotMs: 250 }).skewSeconds(), "a chain of fast blocks").toBeUndefined();
    const young = new ChainClock(() => SLOT_MS);
    young.seen({ atMs: START_MS, blockMs: START_MS - 3_600_000 });
    expect(young.skewSeconds()).toBeUndefined();
  });
});
