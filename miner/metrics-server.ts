import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { closeNow, listen } from "./listening.ts";
import type { MinerMetrics } from "./metrics.ts";

const LOOPBACK = "127.0.0.1";
/** A web page that got its own name to resolve to this machine still sends its own name. */
const OWN_HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$/i;
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 32;
const MAX_HEADER_BYTES = 8_192;

/**
 * Serves `GET /metrics` on loopback, and nothing else: a scraper on another machine comes through a proxy or tunnel of
 * the operator's.
 *
 * @param port - 0 for any free one.
 * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN
 */
export async function serveMetrics(
  metrics: MinerMetrics,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => void answer(metrics, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, { host: LOOPBACK, port });
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/metrics`,
    close: () => closeNow(server),
  };
}

async function answer(
  metrics: MinerMetrics,
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const end = (status: number, text: string) => {
    response
      .writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" })
      .end(text);
  };
  if (!OWN_HOSTS.test(headers.host ?? "")) return end(403, "ask by the name localhost or 127.0.0.1\n");
  if (url !== "/metrics") return end(404, "there is /metrics\n");
  if (method !== "GET") return end(405, "there is GET /metrics\n");
  const page = await metrics.page().catch(() => undefined);
  if (page === undefined) return end(500, "the metrics cannot be read\n");
  response.writeHead(200, { "content-type": metrics.contentType }).end(page);
}
