import { expect, test } from "vitest";
import { StageMemory } from "./stage-memory.ts";

test("a miner remembers per caller, and forgets a caller's oldest entry first", () => {
  const memory = new StageMemory();
  memory.of("alice").set("salt", { n: 1 });
  for (let n = 0; n < 1_000; n += 1) memory.of("bob").set(`task-${n}`, { n });
  expect(memory.of("alice").get("salt")).toEqual({ n: 1 });
  expect(memory.of("bob").get("salt")).toBeUndefined();
  expect(memory.of("bob").get("task-0")).toBeUndefined();
  expect(memory.of("bob").get("task-999")).toEqual({ n: 999 });
});
