import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type ProcessEntry, processEntry } from "../../shared/process-entry.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { endWithUs } from "./end-with-us.ts";

const MAX_SAID = 4_000;

export type EventOf<Name extends ValidatorEvent["event"]> = Extract<ValidatorEvent, { event: Name }>;

/** A process of the command line, and the events it prints. */
export class ValidatorChild {
  readonly process: ChildProcess;
  readonly events: ValidatorEvent[] = [];
  /** The end of what it said on standard error. */
  said = "";
  /** With the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly #listeners = new Set<(event: ValidatorEvent) => void>();

  /**
   * @param words - After `subforge`.
   * @param variables - Besides those of this process, which are trimmed to what a process needs.
   * @param entry - What is run, if not the command line.
   */
  constructor(
    words: readonly string[],
    variables: Record<string, string>,
    onEvent?: (event: ValidatorEvent) => void,
    entry: ProcessEntry = "cli",
  ) {
    const { PATH = "", HOME = "", TMPDIR } = process.env;
    this.process = spawn(process.execPath, [processEntry(entry), ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...variables },
    });
    endWithUs(this.process);
    this.ended = once(this.process, "exit").then(([code, signal]) => (code ?? signal) as number | string);
    this.process.stderr!.on("data", (text: Buffer) => {
      this.said = `${this.said}${text}`.slice(-MAX_SAID);
    });
    createInterface({ input: this.process.stdout! }).on("line", (line) => {
      const event = parse(line);
      if (!event?.event) this.said = `${this.said}${line}\n`.slice(-MAX_SAID); // an error, in JSON too
      if (!event?.event) return;
      this.events.push(event);
      onEvent?.(event);
      for (const listener of this.#listeners) listener(event);
    });
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The first that fits, of those that were and those to come. Undefined when the process ends, or the signal, before it. */
  async next<Name extends ValidatorEvent["event"]>(
    name: Name,
    signal: AbortSignal,
    fits: (event: EventOf<Name>) => boolean = () => true,
  ): Promise<EventOf<Name> | undefined> {
    const isIt = (event: ValidatorEvent): event is EventOf<Name> =>
      event.event === name && fits(event as EventOf<Name>);
    const found = this.events.find(isIt);
    if (found) return found;
    let listener: ((event: ValidatorEvent) => void) | undefined;
    const coming = new Promise<EventOf<Name>>((resolve) => {
      listener = (event) => isIt(event) && resolve(event);
      this.#listeners.add(listener);
    });
    const over = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    try {
      return await Promise.race([coming, over, this.ended.then(() => undefined)]);
    } finally {
      this.#listeners.delete(listener!);
    }
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.process.kill(signal);
    await this.ended;
  }
}

/** The last line of a process that was killed may be cut. */
function parse(line: string): ValidatorEvent | undefined {
  try {
    return JSON.parse(line) as ValidatorEvent;
  } catch {
    return undefined;
  }
}
