import type { Server } from "node:net";

/** What Node's listening handle and the connections it accepts can do; not part of its promises, so all is looked for. */
type Handle = { onconnection?: (this: Handle, status: number, client?: ClientHandle) => void };
type ClientHandle = { getpeername?: (into: { address?: string }) => number; close?: () => void };

/**
 * Refuse connections before Node makes a socket of them, which is nearly half of what a refused one costs. Where Node is
 * built another way nothing happens: then the server's "connection" event is the first to know.
 *
 * @param server - Listens already.
 * @param admit - Given the peer's address, undefined when it is gone already: false closes the connection, otherwise
 * `accept` was called and made it a socket.
 */
export function guardHandle(
  server: Server,
  admit: (address: string | undefined, accept: () => void) => boolean,
): void {
  const handle = (server as unknown as { _handle?: Handle | null })._handle;
  const accept = handle?.onconnection;
  if (!handle || typeof accept !== "function") return;
  handle.onconnection = function (status, client) {
    if (status !== 0 || !client?.getpeername || !client.close) return accept.call(this, status, client);
    const peer: { address?: string } = {};
    const isKnown = client.getpeername(peer) === 0;
    if (!admit(isKnown ? peer.address : undefined, () => accept.call(this, status, client))) client.close();
  };
}
