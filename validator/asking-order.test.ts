import { expect, it } from "vitest";
import { inAskingOrder } from "./asking-order.ts";

const asks = Array.from({ length: 64 }, (_, uid) => ({ hotkey: `5Miner${uid}`, uid }));
const orderOf = (epoch: number, taskId: string) =>
  inAskingOrder(asks, { epoch, mechanism: 0, taskId }).map(({ uid }) => uid);

it("miners are asked in another order for each epoch and task, and in the same one after a restart", () => {
  const order = orderOf(7, "task-0");
  expect([...order].sort((a, b) => a - b)).toEqual(asks.map(({ uid }) => uid));
  expect(orderOf(7, "task-0")).toEqual(order);
  expect(orderOf(8, "task-0")).not.toEqual(order);
  expect(orderOf(7, "task-1")).not.toEqual(order);
});

it("over many epochs a low uid is asked no earlier than a high one", () => {
  const places = Array.from({ length: 200 }, (_, epoch) => orderOf(epoch, "task-0").indexOf(0));
  const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
  expect(mean).toBeGreaterThan(26);
  expect(mean).toBeLessThan(37);
});
