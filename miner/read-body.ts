import type { IncomingMessage } from "node:http";
import type { ScratchBuffers } from "./scratch-buffers.ts";

/** Up to here a body is likely to have come in one piece with its headers. */
const SMALL_BYTES = 16_384;
const EMPTY = new Uint8Array(0);

/** The raw bytes, and what to call when nobody reads them any more: then others are put there. */
export type Body = { bytes: Uint8Array; giveBack(): void };

/**
 * A body whose length is known, in one piece.
 *
 * @param length - Content-Length, already checked against the route's limit.
 * @param scratch - Where memory for a large one comes from.
 * @returns undefined when it did not come in time or broke off.
 */
export async function readBody(
  request: IncomingMessage,
  length: number,
  timeoutMs: number,
  scratch: ScratchBuffers,
): Promise<Body | undefined> {
  if (length > SMALL_BYTES) return collect(request, length, timeoutMs, scratch);
  await endOfTurn(); // ticks and promises end before the parser is through with the piece it is at
  if (request.complete) return takeWhole(request, length);
  return request.destroyed ? undefined : collect(request, length, timeoutMs, scratch);
}

let turnEnd: Promise<void> | undefined;

/** One for all who wait for the end of the same turn. */
function endOfTurn(): Promise<void> {
  turnEnd ??= new Promise((resolve) => {
    setImmediate(() => {
      turnEnd = undefined;
      resolve();
    });
  });
  return turnEnd;
}

/** What is all there needs no timer and no listeners, which cost as much as the rest of a small answer. */
function takeWhole(request: IncomingMessage, length: number): Body | undefined {
  const bytes: Uint8Array = request.read() ?? EMPTY;
  return bytes.length === length ? { bytes, giveBack: keep } : undefined;
}

/** What is small is not used again. */
function keep(): void {}

function collect(
  request: IncomingMessage,
  length: number,
  timeoutMs: number,
  scratch: ScratchBuffers,
): Promise<Body | undefined> {
  return new Promise((resolve) => {
    const bytes = scratch.take(length); // nobody sees it before it is full
    let filled = 0;
    const take = (piece: Uint8Array) => {
      bytes.set(piece, filled); // the HTTP parser never delivers more than Content-Length
      filled += piece.length;
    };
    const finish = (isWhole: boolean) => {
      clearTimeout(timer);
      request.off("data", take);
      resolve(isWhole ? { bytes, giveBack: () => scratch.giveBack(bytes) } : undefined);
    };
    const timer = setTimeout(finish, timeoutMs, false);
    request.on("data", take);
    request.on("end", () => finish(filled === length));
    request.on("close", () => finish(false));
    request.on("error", () => finish(false));
  });
}
