import { inspect } from "node:util";
import { EXIT, SubforgeError } from "../shared/errors.ts";
import { OBEYED_CHARACTERS } from "../shared/obeyed-characters.ts";

/** A terminal and the program that runs us may both deliver one Ctrl+C: signals this close are the same one. */
const SAME_SIGNAL_MS = 500;

/** Continuation lines of an error stand under its message. */
const INDENT = "         ";

/** What a command prints on stdout: lines for people, or one document for programs. Logs go to stderr. */
export type Output = {
  /** A line for people. Nothing with --json. */
  line(text: string): void;
  /** The outcome: with --json the document, on one line; else the lines. Call it once. */
  result(document: unknown, lines?: readonly string[]): void;
};

export function createOutput({ json }: { json: boolean }): Output {
  return {
    line: (text) => {
      if (!json) write(`${plain(text)}\n`);
    },
    result: (document, lines = []) => {
      if (json) write(`${JSON.stringify(document, bigintAsText)}\n`);
      else for (const line of lines) write(`${plain(line)}\n`);
    },
  };
}

/** Between two lines that say how far something is. */
const PROGRESS_MS = 1_000;

/** Says on stderr how far something is, not more often than a person reads. */
export function createProgress(): (text: string) => void {
  let lastMs = performance.now();
  return (text) => {
    if (performance.now() - lastMs < PROGRESS_MS) return;
    lastMs = performance.now();
    process.stderr.write(`${plain(text)}\n`);
  };
}

/** Columns as wide as their longest cell, two spaces apart. The first row is the header. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

export type ErrorStyle = { json: boolean; color: boolean; showStackTraces: boolean };

/**
 * Print why a command ended: code, fact, hint and where to read more on stderr, or with --json one document on stdout.
 *
 * @returns The exit code of the process.
 */
export function printError(thrown: unknown, { json, color, showStackTraces }: ErrorStyle): number {
  const error = thrown instanceof SubforgeError ? thrown : unexpected(thrown);
  if (json) {
    const { code, message, hint } = error;
    write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  } else {
    const bold = color && process.stderr.isTTY === true && !process.env.NO_COLOR;
    const code = bold ? `\x1b[1;31m${error.code}\x1b[0m` : error.code;
    const lines = [`${code}  ${plain(error.message)}`, `${INDENT}${plain(error.hint)}`];
    lines.push(`${INDENT}more: subforge explain ${error.code}`);
    process.stderr.write(`${lines.join("\n")}\n`);
  }
  if (showStackTraces) process.stderr.write(`${plain(inspect(thrown))}\n`);
  return error.exitCode;
}

/**
 * Aborts at the first SIGINT or SIGTERM: a service then stops by itself and its command ends with 0. A second
 * signal ends the process at once with 130.
 */
export function onShutdown(): AbortSignal {
  const stop = new AbortController();
  let firstAtMs = 0;
  const onSignal = () => {
    if (!stop.signal.aborted) {
      firstAtMs = performance.now();
      stop.abort();
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      process.exit(EXIT.interrupted);
    }
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return stop.signal;
}

/** A reader that went away, as in `subforge … | head`, is no error: nobody is left to read what follows. */
export function endQuietlyWhenReaderLeaves(): void {
  let stopping = false;
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (stopping) return;
    stopping = true;
    if (process.listenerCount("SIGTERM") > 0)
      process.emit("SIGTERM"); // a service stops in order
    else process.exit(EXIT.ok);
  };
  process.stdout.on("error", onError);
  process.stderr.on("error", onError);
}

function unexpected(thrown: unknown): SubforgeError {
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new SubforgeError("INTERNAL", { what }, { cause: thrown });
}

/** For a terminal: the same text without what a terminal obeys. */
function plain(text: string): string {
  return text.replace(OBEYED_CHARACTERS, "\ufffd");
}

function write(text: string): void {
  process.stdout.write(text);
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
