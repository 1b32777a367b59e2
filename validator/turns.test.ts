import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

it("work is done in order, and no more in one turn of the event loop than it may take", async () => {
  const turns = new Turns();
  let turn = 0;
  let isRunning = true;
  const count = (): void => {
    turn++;
    if (isRunning) setImmediate(count);
  };
  setImmediate(count);
  const done = await Promise.all(
    [1, 2, 3, 4, 5].map((name) =>
      turns.run(() => {
        const untilMs = performance.now() + 6; // longer than a turn may be kept
        while (performance.now() < untilMs);
        return { name, turn };
      }),
    ),
  );
  isRunning = false;
  expect(done.map(({ name }) => name)).toEqual([1, 2, 3, 4, 5]);
  expect(new Set(done.map((one) => one.turn)).size).toBe(5);
});

it("what one piece of work throws is its own", async () => {
  const turns = new Turns();
  const failing = turns.run(() => {
    throw new Error("no");
  });
  const after = turns.run(async () => 7);
  await expect(failing).rejects.toThrow("no");
  expect(await after).toBe(7);
});
