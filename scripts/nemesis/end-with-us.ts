import type { ChildProcess } from "node:child_process";

const children = new Set<ChildProcess>();
let isWatching = false;

/** Whatever ends this process, no Redis and no validator of its runs is left behind, frozen ones neither. */
export function endWithUs(child: ChildProcess): void {
  if (!isWatching) process.once("exit", killAll);
  isWatching = true;
  children.add(child);
  child.once("exit", () => children.delete(child));
}

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
}
