import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { processEntry } from "../shared/process-entry.ts";

/** What an operator may wait for after Ctrl+C. */
const STOP_MS = 10_000;

let child: ChildProcess;

afterEach(() => {
  child.kill("SIGKILL");
});

/** A running service: the local chain, which needs nothing else. Resolves with its first line. */
async function start(...flags: string[]): Promise<string> {
  const words = [processEntry("cli"), "chain", "start", "--port", "0", "--log-level", "error", ...flags];
  child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout! }), "line");
  return line as string;
}

describe("a running service", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("stops in order at %s, with exit code 0", async (signal) => {
    await start();
    const ended = once(child, "exit", { signal: AbortSignal.timeout(STOP_MS) });
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  it("takes signals that arrive together for one: a terminal and npm both deliver a Ctrl+C", async () => {
    await start();
    const ended = once(child, "exit", { signal: AbortSignal.timeout(STOP_MS) });
    child.kill("SIGINT");
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it("prints one document with --json, and where it listens", async () => {
    expect(JSON.parse(await start("--json"))).toMatchObject({ endpoint: expect.stringMatching(/^ws:/) });
  });
});
