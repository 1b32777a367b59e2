import type { Server } from "node:http";
import { SubforgeError } from "./errors.ts";

/** Connections that may wait to be accepted; who finds no place there tries again a second later. */
const BACKLOG = 4_096;

/** @param where - Port 0 for any free one. @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN */
export function listen(server: Server, where: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("listening", resolve).once("error", ({ code, message }: NodeJS.ErrnoException) => {
      if (code === "EADDRINUSE") reject(new SubforgeError("PORT_IN_USE", where));
      else reject(new SubforgeError("PORT_FORBIDDEN", { ...where, reason: code ?? message }));
    });
    server.listen({ ...where, backlog: BACKLOG });
  });
}

/** Closes every connection, also those in the middle of something. */
export function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
