import type { IncomingMessage } from "node:http";

/**
 * The raw bytes of a body whose length is known, in one buffer of its own so that tensors in it are aligned.
 *
 * @param length - Content-Length, already checked against the route's limit.
 * @returns undefined when it did not come in time or broke off.
 */
export function readBody(
  request: IncomingMessage,
  length: number,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer); // nobody sees it before it is full
    let filled = 0;
    const take = (piece: Uint8Array) => {
      body.set(piece, filled); // the HTTP parser never delivers more than Content-Length
      filled += piece.length;
    };
    const finish = (result: Uint8Array | undefined) => {
      clearTimeout(timer);
      request.off("data", take);
      resolve(result);
    };
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    request.on("data", take);
    request.on("end", () => finish(filled === length ? body : undefined));
    request.on("close", () => finish(undefined));
    request.on("error", () => finish(undefined));
  });
}
