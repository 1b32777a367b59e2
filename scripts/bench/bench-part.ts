import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { SubforgeError } from "../../shared/errors.ts";

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 10_000;
/** Linux counts the time of another process in hundredths of a second. */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4_096;

/** A process of a benchmark that says one JSON line when it is ready and ends when its input does. */
export type BenchPart<Ready> = {
  ready: Ready;
  /** CPU time of it and all its children so far. */
  cpuMs(): number;
  /** Resident memory of it and all its children. */
  rssBytes(): number;
  say(line: string): void;
  /** The lines it says after the first. */
  nextLine(): Promise<string>;
  stop(): Promise<void>;
};

/** @param core - The only one it may use, with its children; undefined for any. @param niceness - 0..19. */
export async function startPart<Ready>(
  command: readonly string[],
  { core, niceness = 0 }: { core?: number | undefined; niceness?: number } = {},
): Promise<BenchPart<Ready>> {
  const pinned = core !== undefined && existsSync("/usr/bin/taskset");
  const words = [
    ...(pinned ? ["taskset", "-c", String(core)] : []),
    ...(niceness > 0 ? ["nice", "-n", String(niceness)] : []),
    ...command,
  ];
  const child = spawn(words[0]!, words.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const line = await lines.next();
    if (!line.done) return line.value;
    throw new SubforgeError("BENCH_USAGE", { problem: `${command.join(" ")} ended too early` });
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  const ready = JSON.parse(await nextLine()) as Ready;
  clearTimeout(timer);
  const tree = () => descendants(child.pid!);
  return {
    ready,
    nextLine,
    say: (line) => child.stdin!.write(line),
    cpuMs: () => tree().reduce((sum, pid) => sum + cpuMs(pid), 0),
    rssBytes: () => tree().reduce((sum, pid) => sum + rssBytes(pid), 0),
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdin!.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(timer);
}

/** The process and whatever it started. */
function descendants(root: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statFields(Number(name))[1]) }));
  const found = [root];
  for (const pid of found) for (const one of parents) if (one.parent === pid) found.push(one.pid);
  return found;
}

function cpuMs(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK;
}

function rssBytes(pid: number): number {
  return Number(statFields(pid)[21] ?? 0) * PAGE_BYTES;
}

/** What `/proc` says of a process, from its state on; empty once it is gone. */
function statFields(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  } catch {
    return [];
  }
}
