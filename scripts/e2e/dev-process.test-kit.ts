import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach } from "vitest";
import { processEntry } from "../../shared/process-entry.ts";

/** `subforge dev` as a process of its own. */
export type Dev = {
  process: ChildProcess;
  /** What it wrote to stdout. */
  lines: string[];
  /** What it wrote to stderr: with --json, what people read. */
  said: string[];
  ended: Promise<number | null>;
  /** The first that fits of those to come, on either stream. */
  line(pattern: RegExp): Promise<string>;
};

/** Starts development loops for the tests of the file that calls this; each ends with its test. */
export function useDev(): (...args: string[]) => Dev {
  const started: Dev[] = [];
  afterEach(async () => {
    for (const dev of started.splice(0)) {
      dev.process.kill("SIGKILL");
      await dev.ended;
    }
  });
  return (...args) => {
    const dev = start(args);
    started.push(dev);
    return dev;
  };
}

function start(args: readonly string[]): Dev {
  const child = spawn(process.execPath, [processEntry("cli"), "dev", "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const said: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const [stream, into] of [
    [child.stdout, lines],
    [child.stderr, said],
  ] as const) {
    createInterface({ input: stream }).on("line", (line) => {
      into.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  return {
    process: child,
    ...{ lines, said },
    ended: once(child, "close").then(([code]) => code),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const listener = (line: string) => {
          if (!pattern.test(line)) return;
          listeners.delete(listener);
          resolve(line);
        };
        listeners.add(listener);
        child.once("close", () =>
          reject(new Error(`it ended before it said ${pattern}:\n${said.join("\n")}`)),
        );
      }),
  };
}
