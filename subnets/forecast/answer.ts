import { AnswerRefused, type MessageValue, type MinerContext } from "../../shared/template.ts";
import type { Tensor } from "../../shared/tensor.ts";
import { PEER_FEATURES } from "./features.ts";
import { deviation, mean } from "./maths/statistics.ts";

/** Larger numbers are no forecasts of anything. */
const MAX_VALUE = 1e15;

/** Log10 losses beyond these are no losses of anything. */
const MAX_LOG_LOSS = 40;

/** Where a peer's average loss stands in its row, relative to the network's. */
const AVERAGE_LOSS = 8;

/**
 * What a miner says: a value for each label, or none; the log10 loss that it expects of each peer, or none. It works as
 * inferer, as forecaster, or as both, and may say nothing while there are no peers.
 */
export type Forecast = { values: number[]; losses: number[] };

export type ForecastQuestion = { x: Tensor; peers?: Tensor; networkLoss: number };

/** Of the model that takes `x`, and of the one that takes `peers`. */
export async function forecast(
  { x, peers, networkLoss }: ForecastQuestion,
  { infer, models }: Pick<MinerContext, "infer" | "models">,
): Promise<Forecast> {
  const modelWith = (input: string) => models?.find(({ inputs }) => inputs.includes(input))?.name;
  const has = (input: string) => models === undefined || modelWith(input) !== undefined;
  const said: Forecast = { values: [], losses: [] };
  if (has("x")) {
    const { y } = await infer({ x }, modelWith("x"));
    said.values = Array.from((y ?? missing("y")).data as Float32Array);
  }
  if (peers && has("peers")) {
    // A miner that does not say which models it has may have none for this: it stays an inferer.
    const outputs = models ? infer({ peers }, modelWith("peers")) : infer({ peers }).catch(() => undefined);
    const rz = (await outputs)?.rz;
    if (rz) said.losses = toLosses(rz.data as Float32Array, peers, networkLoss);
    else if (models) missing("rz");
  }
  // While no peer is known a forecaster has nothing to speak of.
  const mayBeSilent = !peers && has("peers");
  if (said.values.length === 0 && said.losses.length === 0 && !mayBeSilent)
    throw new Error("this miner has no model for it");
  return said;
}

/**
 * From z-scores of regrets to log10 losses: `mu - sd * rz`, over the average losses of the peers. Forecasters that
 * predict regrets improve the combined value, those that predict the loss itself often do not (Pfeffer et al. 2025).
 */
function toLosses(rz: ArrayLike<number>, peers: Tensor, networkLoss: number): number[] {
  const rows = peers.data as Float32Array;
  const averages = Array.from(rz, (_, at) => networkLoss + rows[at * PEER_FEATURES + AVERAGE_LOSS]!);
  const [mu, sd] = [mean(averages), deviation(averages)];
  return Array.from(rz, (z) => mu - sd * z);
}

/**
 * @throws Error for another shape
 * @throws AnswerRefused out-of-range for what is no value and no loss
 */
export function parseForecast(
  values: MessageValue | undefined,
  losses: MessageValue | undefined,
  asked: { arity: number; peers: number },
): Forecast {
  const said = {
    values: parseNumbers(values, asked.arity, MAX_VALUE),
    losses: parseNumbers(losses, asked.peers, MAX_LOG_LOSS),
  };
  if (said.values.length === 0 && said.losses.length === 0 && asked.peers > 0)
    throw new Error("it says nothing");
  return said;
}

/** None, or as many as were asked for. */
function parseNumbers(list: MessageValue | undefined, count: number, most: number): number[] {
  if (!Array.isArray(list)) throw new Error("numbers are missing");
  if (list.length !== 0 && list.length !== count) throw new Error(`${count} numbers, or none`);
  return list.map((value) => {
    if (typeof value !== "number") throw new Error("that is no number");
    if (!(Math.abs(value) <= most)) throw new AnswerRefused("out-of-range", `${value} is beyond ${most}`);
    return value;
  });
}

/** What is committed to: how many values, the values, the losses, each as float64, little-endian. */
export function forecastBytes({ values, losses }: Forecast): Uint8Array {
  const bytes = Buffer.alloc(1 + 8 * (values.length + losses.length));
  bytes.writeUInt8(values.length);
  for (const [at, value] of [...values, ...losses].entries()) bytes.writeDoubleLE(value, 1 + 8 * at);
  return bytes;
}

/** Features of peers as a miner's model takes them. */
export function isPeers({ dtype, shape }: Tensor, most: number): boolean {
  const [rows, peers = 0, features] = shape;
  return dtype === "float32" && rows === 1 && peers >= 1 && peers <= most && features === PEER_FEATURES;
}

/** One row of a window. */
export function isWindow({ dtype, shape }: Tensor, steps: number, arity: number): boolean {
  return dtype === "float32" && shape.join() === `1,${steps},${arity}`;
}

function missing(output: string): never {
  throw new Error(`the model has no output ${output}`);
}
