import { expect, it } from "vitest";
import type { RedisLink } from "./connection.ts";
import { RedisClock } from "./redis-clock.ts";

const HOUR_MS = 3_600_000;

it("a clock that is set is measured again at once, not after half a minute", async () => {
  let setMs = HOUR_MS;
  const redis = { eval: async () => Date.now() } as unknown as RedisLink["redis"];
  const clock = new RedisClock({ redis, where: "here", close: () => {} }, "key", () => Date.now() + setMs);
  expect(Math.abs((await clock.aheadMs()) + HOUR_MS)).toBeLessThan(1_000);
  setMs = 0; // what was sent by the old figure would be an hour late
  expect(Math.abs(await clock.aheadMs())).toBeLessThan(1_000);
});
