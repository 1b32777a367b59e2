import { resolve } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { createLogger, type Logger, type LogLevel } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { startRestartingProcess } from "../../shared/restarting-process.ts";
import type { OnEvent } from "../../validator/events.ts";
import { startResultsServer } from "../../validator/results/results-server.ts";
import { createLines } from "../dev/dev-lines.ts";
import { journalPath } from "./journal-view.ts";

/** The parsed flags of `subforge validator results`. */
export type ServeResultsArgs = {
  json: boolean;
  logLevel: LogLevel;
  data: string;
  host: string;
  port: number;
  /** Started by a validator: it ends when that one does. */
  supervised: boolean;
};

/**
 * Serves what the validator of a data folder signed, until it is told to stop. Needs no key, no chain and no Redis.
 *
 * @throws what `startResultsServer` throws
 */
export async function serveResults(args: ServeResultsArgs, shutdown: AbortSignal): Promise<void> {
  const { json, logLevel, data, host, port, supervised } = args;
  const parentGone = new AbortController();
  const signal = AbortSignal.any([shutdown, parentGone.signal]);
  if (supervised) process.once("disconnect", () => parentGone.abort());
  const server = await startResultsServer(
    { journalPath: journalPath(data), host, port },
    { clock: systemClock, logger: createLogger("results", logLevel), signal },
  );
  const event = { event: "results.served", url: server.url } as const;
  process.stdout.write(`${json ? JSON.stringify(event) : createLines()(event)}\n`);
  await server.stopped;
}

/**
 * The same in a process of its own, so that no reader takes time from the planner.
 *
 * @returns Resolves when the signal aborted and it is gone; at once when no port was named.
 */
export async function serveResultsBeside(
  args: { data: string; resultsPort: number | undefined; resultsHost: string; logLevel: LogLevel },
  { logger, signal, onEvent }: { logger: Logger; signal: AbortSignal; onEvent: OnEvent },
): Promise<void> {
  const { data, resultsPort, resultsHost, logLevel } = args;
  if (resultsPort === undefined) return;
  const { stopped } = startRestartingProcess(
    {
      script: processEntry("cli"),
      args: [
        ...[
          "validator",
          "results",
          "--json",
          "--supervised",
          "--data",
          resolve(data),
          "--log-level",
          logLevel,
        ],
        ...["--port", String(resultsPort), "--host", resultsHost],
      ],
      onLine: (line) => {
        const { event, url } = JSON.parse(line) as { event?: string; url: string };
        if (event === "results.served") onEvent({ event, url });
      },
    },
    { clock: systemClock, logger, signal },
  );
  await stopped;
}
