import { type Logger as PinoLogger, pino } from "pino";
import { OBEYED_CHARACTERS } from "./obeyed-characters.ts";

/** JSON lines on stderr; stdout belongs to what a command prints. An event has a fixed name and typed fields. */
export type Logger = {
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
  debug(event: string, fields?: Record<string, unknown>): void;
};

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * @param role - Which process writes: `miner`, `planner`, `worker`, `chain`, `dev`.
 * @param destination - Where lines go. Default: stderr; what is still on its way at an exit is written before it.
 */
export function createLogger(
  role: string,
  level: LogLevel = "info",
  destination: { write(line: string): void } = pino.destination(2),
): Logger {
  // JSON escapes only some of them.
  const stream = { write: (line: string) => destination.write(line.replace(OBEYED_CHARACTERS, escaped)) };
  return fromPino(pino({ level, base: { role, pid: process.pid }, messageKey: "event" }, stream));
}

/** Writes nothing: the default of functions that a test calls without caring about logs. */
export const silentLogger: Logger = { info: noop, warn: noop, error: noop, debug: noop };

function fromPino(sink: PinoLogger): Logger {
  return {
    info: (event, fields) => sink.info(fields ?? {}, event),
    warn: (event, fields) => sink.warn(fields ?? {}, event),
    error: (event, fields) => sink.error(fields ?? {}, event),
    debug: (event, fields) => sink.debug(fields ?? {}, event),
  };
}

/** The same character to whoever parses the line. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function noop(): void {}
