import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../shared/process-entry.ts";
import { killGroup } from "./run-program.ts";

/** Of what a client prints beside its answers, kept for the reader of a red step. */
const KEEP_CHARACTERS = 8_000;
/** A client that was told to end and did not. */
const END_MS = 3_000;

export type Answer = { ok: true; value: unknown } | { ok: false; reason: string };

/** One Python process with one client, which is asked step by step. */
export class PythonSession {
  readonly #child: ChildProcess;
  /** It ended, or never began. */
  readonly #exited: Promise<void>;
  #waiting: ((answer: Answer) => void) | undefined;
  #gone: string | undefined;
  #printed = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#printed = (this.#printed + text).slice(-KEEP_CHARACTERS);
    });
    createInterface({ input: child.stdout! }).on("line", (line) => this.#settle(parseAnswer(line)));
    child.stdin!.on("error", () => undefined); // the process is gone, which `exit` tells
    this.#exited = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#end(error.message);
        resolve();
      });
      child.once("exit", (code, signal) => {
        this.#end(`the client ended with ${code ?? signal}`);
        resolve();
      });
    });
  }

  /** @param script - A file of this folder, which ends in `serve(...)`. */
  static start(python: string, script: string, env: NodeJS.ProcessEnv): PythonSession {
    const path = join(packageRoot(), "scripts", "interop", script);
    return new PythonSession(
      spawn(python, [path], {
        env: { ...env, PYTHONDONTWRITEBYTECODE: "1" }, // the steps are sources of this project
        detached: true, // a group of its own: what the client starts ends with it
        stdio: "pipe",
      }),
    );
  }

  /** What the client printed last, beside its answers. */
  get printed(): string {
    return this.#printed;
  }

  /** A client that misses its deadline is killed: later steps say so. */
  ask(step: string, args: Record<string, unknown>, timeoutMs: number): Promise<Answer> {
    if (this.#gone !== undefined) return Promise.resolve({ ok: false, reason: this.#gone });
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        this.#end(`no answer to ${step} within ${timeoutMs / 1000} s`);
        killGroup(this.#child.pid, "SIGKILL");
      }, timeoutMs);
      this.#waiting = (answer) => {
        clearTimeout(deadline);
        resolve(answer);
      };
      this.#child.stdin!.write(`${JSON.stringify({ step, args })}\n`);
    });
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    const kill = setTimeout(() => killGroup(this.#child.pid, "SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(kill);
    killGroup(this.#child.pid, "SIGKILL");
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }

  #end(reason: string): void {
    this.#gone ??= reason;
    this.#settle({ ok: false, reason: this.#gone });
  }
}

function parseAnswer(line: string): Answer {
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return { ok: false, reason: `no answer but: ${line.slice(0, 200)}` };
  }
}
