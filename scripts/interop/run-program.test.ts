import { describe, expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

const MINUTE_MS = 60_000;
/** Its child keeps the output open for ten minutes, so that nothing is returned before it is gone as well. */
const PARENT = ["-c", "sleep 600 & wait"];

describe("runProgram", () => {
  it("returns what was printed and how it ended, and feeds what it is given", async () => {
    const result = await runProgram("sh", ["-c", "cat; echo trouble >&2; exit 3"], {
      timeoutMs: MINUTE_MS,
      input: "hello",
    });
    expect(result).toEqual({ code: 3, stdout: "hello", stderr: "trouble\n", timedOut: false });
  });

  it("ends a program at its deadline, with all that it started", async () => {
    expect(await runProgram("sh", PARENT, { timeoutMs: 200 })).toMatchObject({
      code: undefined,
      timedOut: true,
    });
  });

  it("ends a program when the signal aborts, with all that it started", async () => {
    const stop = new AbortController();
    const result = runProgram("sh", PARENT, { timeoutMs: MINUTE_MS, signal: stop.signal });
    stop.abort();
    expect(await result).toMatchObject({ code: undefined, timedOut: false });
  });

  it("says so when there is no such program", async () => {
    await expect(runProgram("no-such-program", [], { timeoutMs: MINUTE_MS })).rejects.toThrow("ENOENT");
  });
});
