import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AxonLimits } from "./axon-limits.ts";
import { addressKey, Budget } from "./budget.ts";
import { ConnectionGuard } from "./connection-guard.ts";
import { guardHandle } from "./guard-handle.ts";

const MAX_HEADER_BYTES = 8_192;
/** Longer than the 15 s for which Python's clients keep a connection: whoever closes first must not be us. */
const KEEP_ALIVE_MS = 30_000;
const CHECK_TIMEOUTS_MS = 1_000;
/** Who sends nonsense is told so; a flood of it is not worth as many writes. */
const BAD_REQUESTS = { perSecond: 50, burst: 100, maxKeys: 1 };

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/**
 * A server that bounds headers, time, and connections in all, per address and per second, and leaves every body unread.
 *
 * @param handle - Takes over the response, also of a request that waits for `100 Continue`: it says so or refuses.
 */
export function createHttpServer(
  limits: AxonLimits,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  guard: ConnectionGuard = new ConnectionGuard(limits),
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
  const told = new Budget(BAD_REQUESTS);
  server.on("clientError", (_error, socket) => {
    if (socket.writable && told.take("", performance.now())) socket.write(BAD_REQUEST);
    socket.destroy();
  });
  guardConnections(server, guard);
  return server;
}

/**
 * Before the parser of a connection is made, and where this Node lets us even before its socket is: that is most of what
 * a refused connection costs.
 */
function guardConnections(server: Server, guard: ConnectionGuard): void {
  const enter = (address: string | undefined) =>
    address === undefined ? undefined : guard.enter(addressKey(address), performance.now()); // none: gone already
  let entered: (() => void) | undefined;
  server.on("listening", () => {
    guardHandle(server, (address, accept) => {
      entered = enter(address);
      if (!entered) return false;
      accept(); // emits "connection" at once, which takes what was entered
      entered?.();
      entered = undefined;
      return true;
    });
  });
  const listeners = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const leave = entered ?? enter(socket.remoteAddress);
    entered = undefined;
    if (!leave) {
      socket.destroy();
      return;
    }
    socket.once("close", leave);
    for (const listener of listeners) listener.call(server, socket);
  });
}
