import { createLogger, type Logger, type LogLevel } from "../shared/logger.ts";

/** For a command of a second, in which it is no news that something works: it logs from "warn" on unless told otherwise. */
export function quietLogger(role: string, { logLevel }: { logLevel: string }): Logger {
  return createLogger(role, logLevel === "info" ? "warn" : (logLevel as LogLevel));
}
