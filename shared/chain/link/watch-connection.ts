import type { Clock } from "../../clock.ts";
import type { BlockNumber } from "../../types.ts";
import { askHead } from "./follow-chain.ts";
import { EndpointFailure, type RpcSocket } from "./rpc-socket.ts";

/** Between two looks at a connection. */
const LOOK_MS = 5_000;

/** Looks without a single frame, pongs included, after which a connection is given up. */
const SILENT_LOOKS = 2;

/** Looks at an unmoving chain after which a new connection is tried: there may be another node behind the address. */
const STILL_LOOKS = 3;

export type Watched = {
  /** No new block for so long makes an endpoint suspect. Asked each time: the slot is known later. */
  stallMs: () => number;
  /** The best block that was told, and when the last one came that was new. */
  progress: () => { best: BlockNumber; atMs: number };
  onLook: () => Promise<void>;
  /** Called at each look at which the chain has not moved for too long. */
  onStill: (waitedMs: number) => void;
  timeoutMs: number;
  clock: Clock;
  signal: AbortSignal;
};

/**
 * Looks every few seconds whether anything comes over a connection at all, and whether its chain moves; ends it when it
 * is dead, deaf, or stays on one block. An open socket proves nothing.
 *
 * @throws RpcRefusal, EndpointFailure when a look itself fails: end the connection with it.
 */
export async function watchConnection(socket: RpcSocket, watched: Watched): Promise<void> {
  const { clock, timeoutMs } = watched;
  const over = new AbortController();
  void socket.ended.then(() => over.abort());
  const until = AbortSignal.any([watched.signal, over.signal]);
  let seen = socket.framesSeen;
  let silent = 0;
  let still = 0;
  let lastProgressMs = watched.progress().atMs;
  while (!until.aborted) {
    await clock.sleep(LOOK_MS, until);
    if (until.aborted) return;
    silent = socket.framesSeen === seen ? silent + 1 : 0;
    seen = socket.framesSeen;
    if (silent >= SILENT_LOOKS) {
      return socket.end(new EndpointFailure("late", "the connection stands, but nothing comes"));
    }
    socket.ping();
    await watched.onLook();
    const { best, atMs } = watched.progress();
    if (atMs !== lastProgressMs) still = 0;
    lastProgressMs = atMs;
    const waitedMs = clock.nowMs() - atMs;
    if (waitedMs < watched.stallMs() * (still + 1)) continue;
    if ((await askHead(socket, timeoutMs)).number > best) {
      return socket.end(new EndpointFailure("late", "it has new blocks and did not tell"));
    }
    watched.onStill(waitedMs);
    if (++still >= STILL_LOOKS) {
      return socket.end(new EndpointFailure("late", `it has no block after ${best}`));
    }
  }
}
