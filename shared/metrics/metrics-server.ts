import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { closeNow, listen } from "../listening.ts";

const LOOPBACK = "127.0.0.1";
/** A web page that got its own name to resolve to this machine still sends its own name. */
const OWN_HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$/i;
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 32;
const MAX_HEADER_BYTES = 8_192;

/** What a process says of its own health: 200 when `ok`, else 503. `checks` are words for people and programs. */
export type Health = { ok: boolean; checks: Readonly<Record<string, string>> };

export type MetricsPages = {
  metrics: { page(): Promise<string>; readonly contentType: string };
  /** By path, as in `/health/live`. */
  health?: Readonly<Record<string, () => Promise<Health>>>;
};

/**
 * Serves `GET /metrics` on loopback, the health pages when there are any, and nothing else: a scraper on another machine
 * comes through a proxy or tunnel of the operator's.
 *
 * @param port - 0 for any free one.
 * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN
 */
export async function serveMetrics(
  pages: MetricsPages,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => void answer(pages, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, { host: LOOPBACK, port });
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/metrics`,
    close: () => closeNow(server),
  };
}

async function answer(
  { metrics, health = {} }: MetricsPages,
  { method, url = "", headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const end = (status: number, text: string, type = "text/plain; charset=utf-8") => {
    response.writeHead(status, { "content-type": type, connection: "close" }).end(text);
  };
  if (!OWN_HOSTS.test(headers.host ?? "")) return end(403, "ask by the name localhost or 127.0.0.1\n");
  const look = Object.hasOwn(health, url) ? health[url] : undefined;
  if (url !== "/metrics" && !look) {
    return end(404, `there is ${["/metrics", ...Object.keys(health)].join(", ")}\n`);
  }
  if (method !== "GET") return end(405, `there is GET ${url}\n`);
  if (look) {
    const state = await look().catch(
      (error: unknown): Health => ({
        ok: false,
        checks: { look: String(error) },
      }),
    );
    return end(state.ok ? 200 : 503, `${JSON.stringify(state)}\n`, "application/json");
  }
  const page = await metrics.page().catch(() => undefined);
  if (page === undefined) return end(500, "the metrics cannot be read\n");
  response.writeHead(200, { "content-type": metrics.contentType }).end(page);
}
