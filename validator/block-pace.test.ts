import { expect, it } from "vitest";
import { BlockPace } from "./block-pace.ts";

const HOUR_MS = 3_600_000;

function follow(blocks: number, setBackAt?: number, byMs = HOUR_MS) {
  const clock = { atMs: 10 * HOUR_MS, nowMs: () => clock.atMs, sleep: async () => {} };
  const pace = new BlockPace(clock);
  for (let block = 1; block <= blocks; block++) {
    if (block === setBackAt) clock.atMs -= byMs;
    pace.seen(block);
    if (block < blocks) clock.atMs += 1_000;
  }
  return pace.timeOf(blocks + 10, blocks) - clock.atMs;
}

it("a block to come is expected by the pace of those that came", () => {
  expect(follow(20)).toBe(10_500);
});

it("a clock that was set, back or ahead, takes no time from those who are asked", () => {
  expect(follow(20, 10)).toBe(10_500);
  expect(follow(20, 10, -HOUR_MS)).toBe(10_500);
  expect(follow(20, 20)).toBeGreaterThan(10_500); // right after it nothing is known
});
