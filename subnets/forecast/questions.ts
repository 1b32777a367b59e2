import { createHash } from "node:crypto";
import { childSeed, hiddenSeed } from "../../shared/rules/beacon.ts";
import type { EpochContext, Job } from "../../shared/template.ts";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { arityOf, type ForecastConfig, MAX_PEERS } from "./config.ts";
import { PEER_FEATURES, type PeerFacts, peerFeatures, seriesFeatures, WINDOW } from "./features.ts";
import type { TopicState, Worker } from "./maths/types.ts";
import { NO_RECORD, type Records } from "./records.ts";
import type { Series } from "./series.ts";

/** Features of peers travel in thousandths, as int16. */
const STEPS = 1_000;
const COMMIT = "commit";
const NAME_BYTES = 16;
/** Of a hash: enough to tell the peers of one question from each other. */
const PEER_DIGITS = 12;

/**
 * What a question is made from. `x` is float32 [WINDOW, arity] and `facts` int16 [peers, PEER_FEATURES], little-endian in
 * base64; a peer is named by the first digits of the hash of its hotkey.
 */
export type ForecastTask = {
  nonce: number;
  name: string;
  arity: number;
  x: string;
  peers: string[];
  facts: string;
  /** Log10 loss of the last combined value: the losses of peers are told relative to it. */
  networkLoss: number;
};

/** One question to everybody: what comes next, and how far off will each of the others be? */
export function planCommit(
  context: EpochContext<ForecastConfig>,
  { topic, records, series }: { topic: TopicState | undefined; records: Records; series: Series },
  to: readonly Hotkey[],
): Job<ForecastTask> {
  const arity = arityOf(context.config);
  const peers = topic ? peersOf(topic) : [];
  const networkLoss = Math.fround(topic?.networkLoss ?? 0);
  const facts = peers.map(({ id, regret, seen }): PeerFacts => {
    const { losses, averageLoss, deviation } = records[id] ?? NO_RECORD;
    return { losses, averageLoss, regret, seen, deviation };
  });
  const features = peerFeatures(facts, series.values[0] ?? [], networkLoss);
  const name = childSeed(hiddenSeed(context, "forecast"), "name").subarray(0, NAME_BYTES);
  return {
    ...{ taskId: COMMIT, stage: COMMIT, synapse: COMMIT, to },
    task: {
      nonce: context.epoch,
      name: Buffer.from(name).toString("hex"),
      arity,
      x: toBase64(windowOf(series, arity).data),
      peers: peers.map(({ id }) => peerName(id)),
      facts: toBase64(Int16Array.from(features.data, (value) => Math.round(value * STEPS))),
      networkLoss,
    },
  };
}

/** The name under which one miner commits to its answer: nobody else's, and never twice. */
export function nameOf({ name }: Pick<ForecastTask, "name">, miner: Hotkey): string {
  const own = childSeed(Buffer.from(name, "hex"), `name ${miner}`).subarray(0, NAME_BYTES);
  return Buffer.from(own).toString("hex");
}

/** What stands for a peer in a question. */
export function peerName(hotkey: Hotkey): string {
  return createHash("sha256").update(hotkey).digest("hex").slice(0, PEER_DIGITS);
}

/** What the miner gets to see: `peers` is missing while nobody is known. */
export function feedsOf({ arity, x, peers, facts }: ForecastTask): { x: Tensor; peers?: Tensor } {
  const known = new Float32Array(fromBase64(x, Float32Array.BYTES_PER_ELEMENT));
  const features = new Int16Array(fromBase64(facts, Int16Array.BYTES_PER_ELEMENT));
  const rows = Float32Array.from(features, (value) => value / STEPS);
  return {
    x: tensor("float32", [1, WINDOW, arity], known),
    ...(peers.length > 0 && { peers: tensor("float32", [1, peers.length, PEER_FEATURES], rows) }),
  };
}

/** The best of the last nonces: a forecaster speaks of those that matter. In the order of their hotkeys. */
function peersOf({ inferers }: TopicState): Worker[] {
  return [...inferers]
    .sort((a, b) => b.lastNonce - a.lastNonce || b.regret! - a.regret! || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_PEERS)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** [1, WINDOW, arity]: the labels of a step stand side by side. */
function windowOf({ values }: Series, arity: number): Tensor<"float32"> {
  const columns = Array.from({ length: arity }, (_, label) => seriesFeatures(values[label] ?? []).data);
  return tensor(
    "float32",
    [1, WINDOW, arity],
    Float32Array.from({ length: WINDOW * arity }, (_, at) => columns[at % arity]![Math.floor(at / arity)]!),
  );
}

function toBase64({ buffer, byteOffset, byteLength }: Float32Array | Int16Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** A copy that is aligned. */
function fromBase64(text: string, size: number): ArrayBuffer {
  const bytes = Buffer.from(text, "base64");
  const buffer = new ArrayBuffer(bytes.length - (bytes.length % size));
  new Uint8Array(buffer).set(bytes.subarray(0, buffer.byteLength));
  return buffer;
}
