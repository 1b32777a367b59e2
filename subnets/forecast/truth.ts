import { verifyFeedPoint } from "../../shared/rules/feed-point.ts";
import type { ChainValue, EpochContext, Job, Message, Source } from "../../shared/template.ts";
import type { ForecastConfig } from "./config.ts";

/** A block or a point may take a while to be there; a shell asks again until the epoch ends. */
const TIMEOUT_MS = 10_000;

/** Larger numbers are no values of anything. */
const MAX_VALUE = 1e15;

export const TRUTH_STAGE = "truth";

/** What the series is at one moment. */
export type TruthResponse = { value: number };

type ChainTask = ChainValue;
type FeedTask = { feed: string; time: number; signer: string; tolerance: number };
export type TruthTask = ChainTask | FeedTask;

/** Of this epoch's first block: the truth of an earlier nonce, and what everybody knows when this one begins. */
export function planTruth({ config, startBlock }: EpochContext<ForecastConfig>): Job<TruthTask>[] {
  const { truth } = config;
  if (truth.kind === "generator") return [];
  const { kind } = truth;
  const job = { taskId: TRUTH_STAGE, stage: TRUTH_STAGE, synapse: kind, to: "source" } as const;
  if (truth.kind === "chain")
    return [{ ...job, task: { kind: truth.value, netuid: truth.netuid, block: startBlock } }];
  const { feed, signer, tolerance, firstBlockTime, secondsPerBlock } = truth;
  const time = firstBlockTime + Math.floor(startBlock * secondsPerBlock);
  return [{ ...job, task: { feed, time, signer, tolerance } }];
}

/** The chain vouches for itself: every validator reads the same. */
export const chain: Source<TruthTask, TruthResponse> = {
  timeoutMs: TIMEOUT_MS,
  chain: (task) => task as ChainTask,
  parseTruth(message, task) {
    if (message.block !== (task as ChainTask).block) throw new Error("the value is of another block");
    return { value: parseValue(message) };
  },
};

/** A feed is only as good as its signature. */
export const feed: Source<TruthTask, TruthResponse> = {
  timeoutMs: TIMEOUT_MS,
  feed: (task) => ({ feed: (task as FeedTask).feed, time: (task as FeedTask).time }),
  parseTruth(message, task) {
    const { feed, signer, time, tolerance } = task as FeedTask;
    const value = parseValue(message);
    const point = { value, time: Number(message.time), signature: String(message.signature) };
    if (!verifyFeedPoint(feed, point, signer))
      throw new Error(`${signer} did not sign this point of ${feed}`);
    if (Math.abs(point.time - time) > tolerance) throw new Error("the point is of another time");
    return { value };
  },
};

function parseValue({ value }: Message): number {
  if (typeof value !== "number" || !(Math.abs(value) <= MAX_VALUE)) throw new Error("value is no number");
  return value;
}
