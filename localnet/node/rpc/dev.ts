import { invalidParams } from "../rpc-error.ts";
import { numberParam, objectParam } from "./params.ts";
import type { RpcMethods } from "./rpc.ts";

/** Blocks one call makes at most: the node answers nobody while it makes them. */
const MAX_BLOCKS = 10_000;

/** Longest time between blocks on a timer: a day. */
const MAX_INTERVAL_MS = 86_400_000;

/** Blocks and time of a development chain. Names as in other development chains where they exist. */
export const devMethods: RpcMethods = {
  /** -> when blocks are made, and the time of the best one in Unix milliseconds, null before there is any. */
  dev_status: (_, { node, author }) => {
    const { mode } = author;
    const timeMs = Number(node.lastTimeMs);
    return { blocks: mode.kind === "interval" ? `every ${mode.ms} ms` : mode.kind, timeMs: timeMs || null };
  },
  /** `{count?}` or `{to?}` -> hash of the last block. */
  dev_newBlock: ([options], { node, author }) => {
    const { count, to } = objectParam(options);
    const head = node.head.header.number;
    const wanted = to === undefined ? numberParam(count ?? 1, "count") : numberParam(to, "to") - head;
    if (wanted < 0 || wanted > MAX_BLOCKS)
      throw invalidParams(`one call makes 0 to ${MAX_BLOCKS} blocks, not ${wanted}`);
    return author.newBlock(wanted).hash;
  },
  /** "Manual" or "Instant". */
  dev_setBlockBuildMode: ([mode], { author }) => {
    if (mode === "Manual") author.setMode({ kind: "manual" });
    else if (mode === "Instant") author.setMode({ kind: "instant" });
    else throw invalidParams("the mode is Manual or Instant; for a timer use dev_setIntervalMining");
    return null;
  },
  /** Milliseconds between blocks; 0 stops the timer. */
  dev_setIntervalMining: ([ms], { author }) => {
    const interval = numberParam(ms, "ms");
    if (interval > MAX_INTERVAL_MS) throw invalidParams(`ms is at most ${MAX_INTERVAL_MS}`);
    author.setMode(interval === 0 ? { kind: "manual" } : { kind: "interval", ms: interval });
    return null;
  },
  /** Unix milliseconds or a date -> time of the next block. */
  dev_timeTravel: ([time], { travelTo }) => {
    const unixMs = typeof time === "string" ? Date.parse(time) : numberParam(time, "time");
    if (!Number.isSafeInteger(unixMs)) throw invalidParams("time is Unix milliseconds or a date");
    travelTo(unixMs);
    return unixMs;
  },
};
