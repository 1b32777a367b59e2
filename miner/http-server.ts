import { fastify } from "fastify";
import type { AxonLimits } from "./axon-limits.ts";
import { addressKey } from "./budget.ts";

const MAX_HEADER_BYTES = 8_192;
const KEEP_ALIVE_MS = 30_000;
const CHECK_TIMEOUTS_MS = 1_000;

/** A server that bounds headers, time and connections per address, and leaves every body unread. */
export function createHttpServer(limits: AxonLimits) {
  const server = fastify({
    logger: false,
    trustProxy: false,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: limits.headersTimeoutMs + 2 * limits.bodyTimeoutMs,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: CHECK_TIMEOUTS_MS,
    },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable)
        socket.write("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      socket.destroy();
    },
  });
  // Nobody parses a body before its signature is checked: the handler reads the raw bytes itself.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  server.server.maxConnections = limits.maxConnections;
  const connections = new Map<string, number>();
  server.server.on("connection", (socket) => {
    const address = addressKey(socket.remoteAddress);
    const open = (connections.get(address) ?? 0) + 1;
    connections.set(address, open);
    socket.once("close", () => {
      const left = connections.get(address)! - 1;
      if (left > 0) connections.set(address, left);
      else connections.delete(address);
    });
    if (open > limits.maxConnectionsPerAddress) socket.destroy();
  });
  return server;
}
