import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { PythonSession } from "./python-session.ts";

const MINUTE_MS = 60_000;
/** The steps are Python; a machine without it cannot run them, nor this. */
const hasPython = runs("python3");

describe.skipIf(!hasPython)("a session with a client", () => {
  it("answers a step it has not with a reason, and goes on", async () => {
    const session = PythonSession.start("python3", "session.test-kit.py", process.env);
    expect(await session.ask("nope", {}, MINUTE_MS)).toMatchObject({ ok: false, reason: "KeyError: 'nope'" });
    expect(await session.ask("echo", { text: "hello" }, MINUTE_MS)).toEqual({ ok: true, value: "hello" });
    await session.close();
  });

  it("keeps apart what a client prints and what it answers", async () => {
    const session = PythonSession.start("python3", "session.test-kit.py", process.env);
    expect(await session.ask("chatter", {}, MINUTE_MS)).toEqual({ ok: true, value: 1 });
    expect(session.printed).toContain("noise");
    await session.close();
  });

  it("gives up a client that does not answer, and says so for every step after", async () => {
    const session = PythonSession.start("python3", "session.test-kit.py", process.env);
    const reason = "no answer to sleep within 0.2 s";
    expect(await session.ask("sleep", {}, 200)).toEqual({ ok: false, reason });
    expect(await session.ask("echo", { text: "hello" }, MINUTE_MS)).toEqual({ ok: false, reason });
    await session.close(); // a client that was killed is gone already
  });

  it("says why there is no client", async () => {
    const session = PythonSession.start("no-such-python", "session.test-kit.py", process.env);
    expect(await session.ask("echo", {}, MINUTE_MS)).toMatchObject({ ok: false });
    await session.close();
  });
});

function runs(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
