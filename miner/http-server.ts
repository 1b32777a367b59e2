import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AxonLimits } from "./axon-limits.ts";
import { addressKey, Budget } from "./budget.ts";
import { Room } from "./room.ts";

const MAX_HEADER_BYTES = 8_192;
/** Longer than the 15 s for which Python's clients keep a connection: whoever closes first must not be us. */
const KEEP_ALIVE_MS = 30_000;
const CHECK_TIMEOUTS_MS = 1_000;
const MAX_ADDRESSES = 10_000;

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/**
 * A server that bounds headers, time, and connections in all, per address and per second, and leaves every body unread.
 *
 * @param handle - Takes over the response, also of a request that waits for `100 Continue`: it says so or refuses.
 */
export function createHttpServer(
  limits: AxonLimits,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.headersTimeoutMs + 2 * limits.bodyTimeoutMs,
    connectionsCheckingInterval: CHECK_TIMEOUTS_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
    insecureHTTPParser: false,
    requireHostHeader: true,
  });
  server.maxConnections = limits.maxConnections;
  server.maxHeadersCount = 0; // bytes bound them; Node would leave out silently what is beyond a count
  server.on("request", handle);
  server.on("checkContinue", handle);
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.write(BAD_REQUEST);
    socket.destroy();
  });
  guardConnections(server, limits);
  return server;
}

/** Before the parser of a connection is made: a refused one costs little more than its acceptance. */
function guardConnections(server: Server, limits: AxonLimits): void {
  const room = new Room({ total: limits.maxConnections, perKey: limits.maxConnectionsPerAddress });
  const rate = new Budget({
    perSecond: limits.connectionsPerSecond,
    burst: limits.connectionBurst,
    maxKeys: MAX_ADDRESSES,
  });
  const listeners = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const address = addressKey(socket.remoteAddress);
    if (!rate.take(address, performance.now()) || !room.enter(address)) {
      socket.destroy();
      return;
    }
    socket.once("close", () => room.leave(address));
    for (const listener of listeners) listener.call(server, socket);
  });
}
