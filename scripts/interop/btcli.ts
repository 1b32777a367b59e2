import { join } from "node:path";
import { StepFailure } from "./outcome.ts";
import type { PythonEnv } from "./python-env.ts";
import { runProgram } from "./run-program.ts";

/** It loads for seconds on a busy machine, and then waits for blocks. */
const TIMEOUT_MS = 120_000;
const SHOWN_CHARACTERS = 300;

/** The command line `btcli`, run for each step as a user would. */
export class Btcli {
  readonly #program: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;

  constructor({ bin }: PythonEnv, env: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.#program = join(bin, "btcli");
    this.#env = env;
    this.#signal = signal;
  }

  /**
   * What a command answers with `--json-output`. It prints nothing when it fails to connect, and other texts before
   * its JSON now and then.
   *
   * @throws StepFailure
   */
  async json<T>(...words: string[]): Promise<T> {
    const { stdout, printed } = await this.#run([...words, "--json-output"]);
    const start = stdout.search(/^\s*[{[]/m);
    try {
      if (start >= 0) return JSON.parse(stdout.slice(start)) as T;
    } catch {
      // The reason below shows what it was.
    }
    throw new StepFailure(`no JSON but: ${printed || "nothing"}`);
  }

  /**
   * What a command without JSON prints.
   *
   * @throws StepFailure when it shows its mark of failure
   */
  async text(...words: string[]): Promise<string> {
    const { printed } = await this.#run(words);
    if (printed.includes("❌")) throw new StepFailure(printed);
    return printed;
  }

  async #run(words: string[]): Promise<{ stdout: string; printed: string }> {
    const options = { timeoutMs: TIMEOUT_MS, signal: this.#signal, env: this.#env };
    const { code, stdout, stderr, timedOut } = await runProgram(this.#program, words, options);
    const printed = `${stdout}\n${stderr}`.trim().replace(/\s+/g, " ").slice(-SHOWN_CHARACTERS);
    if (timedOut) throw new StepFailure(`no end within ${TIMEOUT_MS / 1000} s: ${printed}`);
    if (code !== 0) throw new StepFailure(`exit code ${code}: ${printed}`);
    return { stdout, printed };
  }
}
