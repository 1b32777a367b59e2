import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/**
 * A peer that takes connections and never answers, as real networks have them.
 *
 * @returns Its port, and a promise that resolves when it is gone after the signal aborted.
 */
export async function startSilentMiner(
  signal: AbortSignal,
): Promise<{ port: number; stopped: Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    if (!signal.aborted) await once(signal, "abort");
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, stopped: stop() };
}
