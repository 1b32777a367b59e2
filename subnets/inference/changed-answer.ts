import type { Agent, AgentContext, Message } from "../../shared/template.ts";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import type { Preset } from "./presets/preset.ts";
import { PRESETS } from "./presets/presets.ts";
import {
  type CommitRequest,
  feedsOfRequest,
  type Opening,
  openingKey,
  toCommitment,
} from "./synapse-commit.ts";
import type { RevealRequest } from "./synapse-reveal.ts";

export const SALT_DIGITS = 64;

type Miner = AgentContext;

/** A behaviour that changes the answer, and is otherwise like everybody: it commits to its answer and shows it. */
type Change = Omit<Agent, "answer"> & {
  /** float32 [items, outputs]. */
  toAnswer(request: CommitRequest, miner: Miner): Promise<Float32Array> | Float32Array;
};

export function changing({ toAnswer, ...agent }: Change): Agent {
  return {
    ...agent,
    async answer(message, miner) {
      if (miner.synapse !== "commit") return shown(message, miner);
      const request = message as CommitRequest;
      const opening = toOpening(request, await toAnswer(request, miner), miner);
      miner.memory.set(openingKey(request.taskId), opening);
      return { commitment: toCommitment(opening, miner.hotkey, request.taskId), modelHash: "" };
    },
  };
}

export async function shown(message: Message, { memory }: Miner): Promise<Message | undefined> {
  return memory.get(openingKey((message as RevealRequest).taskId));
}

export function toOpening({ preset, x }: CommitRequest, y: Float32Array, miner: Miner): Opening {
  const digit = () => Math.floor(miner.random() * 16).toString(16);
  const shape = [x.shape[0]!, PRESETS[preset].outputs];
  return {
    y: tensor("float32", shape, y as Float32Array<ArrayBuffer>),
    salt: Array.from({ length: SALT_DIGITS }, digit).join(""),
  };
}

/** A copy, to change. */
export async function ownAnswer(request: CommitRequest, miner: Miner): Promise<Float32Array> {
  const { y } = await miner.infer(feedsOfRequest(request));
  return Float32Array.from(y!.data as Float32Array);
}

export function repeated(row: readonly number[], items: number): Float32Array {
  return Float32Array.from({ length: items * row.length }, (_, i) => row[i % row.length]!);
}

/** The same answers, but for noise in their logarithms; of scores that are no probabilities, in the scores themselves. */
export function blurred(
  { preset: name }: CommitRequest,
  y: Float32Array,
  deviation: number,
  miner: Miner,
): Float32Array {
  if (deviation === 0) return y;
  const preset = PRESETS[name];
  const normal = () => Math.sqrt(-2 * Math.log(1 - miner.random())) * Math.cos(2 * Math.PI * miner.random());
  if (preset.range === "finite") return y.map((value) => value + deviation * normal());
  return inRange(
    preset,
    y.map((p) => Math.max(p, 1e-9) * Math.exp(deviation * normal())),
  );
}

/** Any numbers >= 0 as the preset takes them. */
export function inRange({ range, outputs }: Preset, y: Float32Array): Float32Array {
  if (range === "finite") return y;
  if (range === "unit") return y.map((value) => Math.min(1, value));
  for (let at = 0; at < y.length; at += outputs) {
    const row = y.subarray(at, at + outputs);
    const sum = row.reduce((total, value) => total + value, 0);
    row.forEach((value, k) => {
      row[k] = sum > 0 ? value / sum : 1 / outputs;
    });
  }
  return y;
}

/** Each row as text to compare. */
export function rowsOf({ shape, data }: Tensor): string[] {
  const rows = shape[0]!;
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, i) =>
    (data as Float32Array).subarray(i * width, i * width + Math.min(width, 16)).join(),
  );
}
