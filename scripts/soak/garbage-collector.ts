import { once } from "node:events";
import WebSocket from "ws";

/** What Node writes on standard error when it was started with `--inspect`. */
const LISTENING = /Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/\S+)/;

/** For NODE_OPTIONS of a process that is to be asked: on this machine only, at any free port. */
export const INSPECTED = "--inspect=127.0.0.1:0";

const DEADLINE_MS = 5_000;

/**
 * Lets another Node process collect its garbage, so that what it holds can be told from what it has yet to throw away:
 * with a heap of hundreds of megabytes allowed, it does so by itself every few minutes only.
 *
 * @param said - What the process wrote on standard error.
 * @returns undefined when it is not inspected.
 */
export async function openGarbageCollector(
  said: string,
): Promise<{ collect(): Promise<void>; close(): void } | undefined> {
  const [, url] = LISTENING.exec(said) ?? [];
  if (url === undefined) return undefined;
  const socket = new WebSocket(url);
  await once(socket, "open", { signal: AbortSignal.timeout(DEADLINE_MS) });
  let id = 0;
  const collect = async () => {
    socket.send(JSON.stringify({ id: ++id, method: "HeapProfiler.collectGarbage" }));
    await once(socket, "message", { signal: AbortSignal.timeout(DEADLINE_MS) });
  };
  return { collect, close: () => socket.close() };
}
