import type { IncomingMessage } from "node:http";

/** Up to here a body is likely to have come in one piece with its headers. */
const SMALL_BYTES = 16_384;
const EMPTY = new Uint8Array(0);

/**
 * The raw bytes of a body whose length is known, in one buffer of its own so that tensors in it are aligned.
 *
 * @param length - Content-Length, already checked against the route's limit.
 * @returns undefined when it did not come in time or broke off.
 */
export async function readBody(
  request: IncomingMessage,
  length: number,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  if (length > SMALL_BYTES) return collect(request, length, timeoutMs);
  await new Promise(setImmediate); // ticks and promises end before the parser is through with the piece it is at
  if (request.complete) return takeWhole(request, length);
  return request.destroyed ? undefined : collect(request, length, timeoutMs);
}

/** What is all there needs no timer and no listeners, which cost as much as the rest of a small answer. */
function takeWhole(request: IncomingMessage, length: number): Uint8Array | undefined {
  const bytes: Uint8Array = request.read() ?? EMPTY;
  return bytes.length === length ? new Uint8Array(bytes) : undefined;
}

function collect(
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
