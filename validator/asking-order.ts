import { hash } from "node:crypto";
import type { Hotkey } from "../shared/types.ts";

/**
 * In which order a task's miners are asked: another one for each epoch and task, so that nobody is always first because
 * of a low uid. The same after a restart, because groups are counted in this order.
 */
export function inAskingOrder<T extends { hotkey: Hotkey }>(
  asks: readonly T[],
  task: { epoch: number; mechanism: number; taskId: string },
): T[] {
  const place = `${task.epoch}/${task.mechanism}/${task.taskId}`;
  return asks
    .map((ask) => ({ ask, key: hash("sha256", `${place}/${ask.hotkey}`) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ ask }) => ask);
}
