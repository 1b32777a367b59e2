import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { type Journal, readJournal } from "../../shared/journal/journal.ts";
import { closeNow, listen } from "../../shared/listening.ts";
import type { Logger } from "../../shared/logger.ts";
import { type Page, refusal } from "./result-page.ts";
import { ResultPages } from "./result-pages.ts";

const REQUEST_TIMEOUT_MS = 5_000;
const IDLE_MS = 15_000;
const MAX_CONNECTIONS = 4_096;
const MAX_HEADER_BYTES = 8_192;

/** How old what is served may be. */
const LOOK_MS = 250;

/** `stopped` resolves when it was closed, or the signal aborted, and nothing is left open. */
export type ResultsServer = { url: string; stopped: Promise<void>; close(): Promise<void> };

/**
 * The consumer endpoint: what a validator signed, from its journal, which is only read. It has no key and asks nobody. A
 * journal that cannot be read for a while, or is another file by now, is opened again; what was read before is still served,
 * and says of itself that it is stale after a while.
 *
 * @param options.port - 0 for any free one.
 * @throws SubforgeError JOURNAL_ABSENT, JOURNAL_OLDER, JOURNAL_BROKEN, PORT_IN_USE, PORT_FORBIDDEN
 */
export async function startResultsServer(
  options: { journalPath: string; host: string; port: number },
  { clock, logger, signal }: { clock: Clock; logger: Logger; signal: AbortSignal },
): Promise<ResultsServer> {
  const { journalPath, host, port } = options;
  const pages = new ResultPages();
  let journal: Journal = open(journalPath, pages);
  const server = createServer(
    {
      ...{ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: IDLE_MS },
      ...{ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    },
    (request, response) => answer(pages, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  let inode: number | undefined;
  try {
    inode = await inodeOf(journalPath);
    pages.refresh(clock.nowMs());
    await listen(server, { host, port });
  } catch (error) {
    journal.close();
    throw error;
  }

  const ended = new AbortController();
  const look = async (): Promise<void> => {
    const found = await inodeOf(journalPath);
    if (found !== undefined && found !== inode) {
      const next = open(journalPath, pages);
      journal.close();
      [journal, inode] = [next, found];
    }
    pages.refresh(clock.nowMs());
  };
  const keepLooking = async (): Promise<void> => {
    let trouble = "";
    while (!ended.signal.aborted) {
      await clock.sleep(LOOK_MS, ended.signal);
      if (ended.signal.aborted) return;
      const reason = await look().then(() => "", String);
      if (reason !== trouble && reason !== "") logger.warn("results.not-refreshed", { reason });
      trouble = reason;
    }
  };
  const stopped = keepLooking().then(async () => {
    await closeNow(server);
    journal.close();
  });
  signal.addEventListener("abort", () => ended.abort(), { once: true });
  if (signal.aborted) ended.abort();
  const { family, address, port: own } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${own}`,
    stopped,
    close: () => {
      ended.abort();
      return stopped;
    },
  };
}

/** @throws SubforgeError JOURNAL_ABSENT also when nobody has written into it yet */
function open(path: string, pages: ResultPages): Journal {
  const journal = readJournal(path);
  try {
    const owner = journal.owner();
    if (!owner) throw new SubforgeError("JOURNAL_ABSENT", { path });
    pages.use(journal, owner);
    return journal;
  } catch (error) {
    journal.close();
    throw error;
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

function answer(pages: ResultPages, request: IncomingMessage, response: ServerResponse): void {
  send(replyTo(pages, request), response, request.method === "HEAD");
}

function replyTo(pages: ResultPages, { method, url = "", headers }: IncomingMessage): Page {
  if (method !== "GET" && method !== "HEAD") {
    return refusal(405, "no-such-method", "there is GET and HEAD", ["allow", "GET, HEAD"]);
  }
  // Nobody reads what a question brings with it; the line is closed, so that it is not sent either.
  if (headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0") {
    return refusal(413, "no-body", "a question has no body", ["connection", "close"]);
  }
  try {
    const page = pages.page(url);
    const isKnown = page.etag !== "" && knows(headers["if-none-match"], page.etag);
    return isKnown ? { ...page, status: 304 } : page;
  } catch {
    return refusal(503, "not-readable", "the journal cannot be read now");
  }
}

function send({ status, headers, body }: Page, response: ServerResponse, isHead: boolean): void {
  if (status === 304) {
    response.writeHead(304, [...headers]).end();
    return;
  }
  response.writeHead(status, [...headers, "content-length", String(body.length)]);
  response.end(isHead ? undefined : body);
}

/** @param asked - `*`, or tags with commas between them; a weak one is as good here. */
function knows(asked: string | undefined, etag: string): boolean {
  if (asked === undefined) return false;
  return (
    asked === etag || asked === "*" || asked.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)
  );
}
