import { connect, type Socket } from "node:net";

/** What came back, and how long each took: milliseconds, ascending. */
export type LoadResult = {
  answered: number;
  refused: number;
  /** The first reply that was a refusal. */
  refusal: string | undefined;
  seconds: number;
  latenciesMs: Float64Array;
};

const ANSWERED = "HTTP/1.1 200";

/**
 * Sends prepared requests over connections that stay open, one after the other on each: as cheap as a client can be, so
 * that the server is what is measured.
 *
 * @param requests - Raw bytes, each sent once, in order.
 */
export async function httpLoad(
  port: number,
  requests: readonly Uint8Array[],
  connections: number,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let [next, answered] = [0, 0];
  let refusal: string | undefined;
  const startedMs = performance.now();
  const one = () =>
    new Promise<void>((resolve, reject) => {
      let socket: Socket;
      let reader = createReplyReader();
      let sentMs = 0;
      const send = () => {
        const request = requests[next++];
        if (request === undefined) {
          socket.destroy();
          return resolve();
        }
        sentMs = performance.now();
        socket.write(request);
      };
      const open = () => {
        reader = createReplyReader();
        socket = connect({ port, host: "127.0.0.1", noDelay: true }, send);
        socket.on("error", reject);
        socket.on("data", (bytes) => {
          const head = reader(bytes);
          if (head === undefined) return;
          latenciesMs.push(performance.now() - sentMs);
          if (head.startsWith(ANSWERED)) answered += 1;
          else refusal ??= head;
          if (!/\r\nconnection: close/i.test(head)) return send();
          socket.destroy(); // whoever is refused is not kept
          open();
        });
      };
      open();
    });
  await Promise.all(Array.from({ length: connections }, one));
  return {
    answered,
    refused: latenciesMs.length - answered,
    refusal,
    seconds: (performance.now() - startedMs) / 1_000,
    latenciesMs: Float64Array.from(latenciesMs).sort(),
  };
}

/** @returns A function of the bytes that come in, which returns the head of a reply once all of it is in. */
export function createReplyReader(): (bytes: Buffer) => string | undefined {
  let head = "";
  let missing = 0;
  return (bytes) => {
    if (missing === 0) {
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
      missing = length - (head.length - end - 4);
    } else missing -= bytes.length;
    if (missing > 0) return undefined;
    const whole = head;
    head = "";
    missing = 0;
    return whole;
  };
}

/** @param sorted - Ascending. @param share - 0..1. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}
