import { z } from "zod";
import { TOPIC_DEFAULTS, type TopicConfig } from "./maths/topic-config.ts";

/** From sending to the last byte of a commitment: a small model and the way there and back. */
export const COMMIT_TIMEOUT_MS = 3_000;

/** The answer is known by then. */
export const REVEAL_TIMEOUT_MS = 2_000;

/** Labels of one topic, at most. */
export const MAX_ARITY = 8;

/** Peers that forecasters are asked about, at most: allora-chain takes no more elements either. */
export const MAX_PEERS = TOPIC_DEFAULTS.maxForecastElements;

const feedTruth = z.strictObject({
  kind: z.literal("feed"),
  /** Its name, `[a-z0-9._-]`; where it lies, each validator is told by a setting. */
  feed: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  /** SS58 address of the key that signs every point of it. */
  signer: z.string().min(40).max(64),
  /** Seconds since 1970 of block 0, and of each block after it: they say which point belongs to an epoch. */
  firstBlockTime: z.int().min(0),
  secondsPerBlock: z.number().min(0.1).max(3_600).default(12),
  /** Seconds that a point may be away from its epoch. */
  tolerance: z.int().min(0).max(86_400).default(60),
});

const truth = z.discriminatedUnion("kind", [
  /** A series that public beacons draw: for tests, development and the simulator. */
  z.strictObject({ kind: z.literal("generator"), arity: z.int().min(1).max(MAX_ARITY).default(1) }),
  /** A value of the chain's own, that everybody can look up. */
  z.strictObject({
    kind: z.literal("chain"),
    value: z.enum([
      "alpha-price",
      "alpha-moving-price",
      "pool-tao",
      "pool-alpha",
      "burn-cost",
      "block-interval",
    ]),
    netuid: z.int().min(0).max(65_535),
  }),
  feedTruth,
]);

const schema = z.strictObject({
  /** Name under which consumers read the combined value. */
  topic: z
    .string()
    .regex(/^[a-z0-9-]{1,48}$/)
    .default("series"),
  truth: truth.prefault({ kind: "generator" }),
  /** Epochs from a forecast to what it speaks of. */
  truthLag: z.int().min(1).max(64).default(1),
  /** plain: as Allora pays. gated: with the toolkit's own additions (F18 to F20). */
  rewardMap: z.enum(["gated", "plain"]).default("gated"),
  lossMethod: z.enum(["mse", "mae", "bce", "mape"]).default("mse"),
  /** Share of the newest nonce in a regret. */
  alphaRegret: z.number().min(0.001).max(1).default(TOPIC_DEFAULTS.alphaRegret),
  norm: z.enum(["stdev", "stdev-filtered"]).default("stdev"),
  /** Nonces that a worker needs before it may be paid (F19). */
  gateEpochs: z.int().min(2).max(60).default(TOPIC_DEFAULTS.gateEpochs),
  /** The same while the whole topic is younger: a worker of a new topic needs no more nonces than there were, but these. */
  earlyEpochs: z.int().min(2).max(60).default(6),
});

/** The knobs of this subnet. Their defaults are what `subforge dev` runs with. */
export const forecastConfig = schema;

export type ForecastConfig = z.output<typeof forecastConfig>;

/** Labels of the topic: values that an inference holds. */
export function arityOf({ truth }: Pick<ForecastConfig, "truth">): number {
  return truth.kind === "generator" ? truth.arity : 1;
}

/** @param closed - Nonces that the topic has closed. */
export function topicConfigOf(config: ForecastConfig, closed: number): TopicConfig {
  const { rewardMap, lossMethod, alphaRegret, norm, gateEpochs, earlyEpochs } = config;
  const young = Math.max(earlyEpochs, closed + 1);
  return {
    ...TOPIC_DEFAULTS,
    ...{ rewardMap, lossMethod, alphaRegret, norm },
    gateEpochs: Math.min(gateEpochs, young),
  };
}
