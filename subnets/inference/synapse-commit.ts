import { randomBytes } from "node:crypto";
import { commitTo } from "../../shared/rules/commit-reveal.ts";
import { minerKey } from "../../shared/rules/miner-key.ts";
import type { Message, MinerContext, Synapse } from "../../shared/template.ts";
import { type Tensor, type Tensors, tensorBytes } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { COMMIT_TIMEOUT_MS } from "./config.ts";
import { PRESETS, type PresetName } from "./presets/presets.ts";
import { feedsOf, type InferenceTask, nameOf } from "./questions.ts";
import { MAX_NUMBERS, parseAnswer, parseFeeds } from "./rows.ts";

/** Numbers as text, with room for names, shapes and quotes around them. */
const BYTES_PER_NUMBER = 24;
const MAX_COMMITMENT_BYTES = 4_096;
const SALT_BYTES = 32;

const HASH = /^[0-9a-f]{64}$/;

/** `x`, and `aux` where the preset has a second input: the items. `taskId` names the question, this miner's alone. */
export type CommitRequest = { taskId: string; preset: PresetName; x: Tensor; aux?: Tensor };

/** Of the answer, and of the model that gave it; without a file behind the model "". Both 64 lower-case digits. */
export type CommitResponse = { commitment: string; modelHash: string };

/** What a miner keeps for the reveal. `salt` is 64 lower-case digits. */
export type Opening = { y: Tensor<"float32">; salt: string };

/** Items go, a commitment to the answer comes back. The model has inputs as the preset has, and one output `y`. */
export const commit: Synapse<InferenceTask, CommitRequest, CommitResponse> = {
  timeoutMs: COMMIT_TIMEOUT_MS,
  maxRequestBytes: MAX_NUMBERS * BYTES_PER_NUMBER,
  maxResponseBytes: MAX_COMMITMENT_BYTES,
  createRequest,
  parseRequest,
  answer,
  parseResponse,
  v10: {
    name: "InferenceCommit",
    fields: {
      taskId: { type: "str", default: "" },
      preset: { type: "str", default: "" },
      x: { type: "tensor", default: null },
      aux: { type: "tensor", default: null },
      commitment: { type: "str", default: "", output: true },
      modelHash: { type: "str", default: "", output: true },
    },
    requiredHashFields: ["taskId", "preset", "x", "aux"],
  },
};

/** SHA-256 over the answer's bytes as float32, the salt, the miner's key and the question's name. */
export function toCommitment({ y, salt }: Opening, miner: Hotkey, taskId: string): string {
  const opening = { reply: tensorBytes(y), salt: Buffer.from(salt, "hex"), minerPublicKey: minerKey(miner) };
  return Buffer.from(commitTo({ ...opening, taskId })).toString("hex");
}

/** Under which a miner remembers it. */
export function openingKey(taskId: string): string {
  return `opening ${taskId}`;
}

export function feedsOfRequest({ x, aux }: CommitRequest): Tensors {
  return aux ? { x, aux } : { x };
}

/** Drawn when somebody looks at the values: who only checks a commitment, or imitates a model, does not need them. */
function createRequest(task: InferenceTask, miner: Hotkey): CommitRequest {
  const { preset, items } = task;
  let drawn: Tensors | undefined;
  const tensors = PRESETS[preset].inputs.map(({ name, dtype, shape }) => {
    const undrawn = {
      dtype,
      shape: [items, ...shape],
      get data() {
        drawn ??= feedsOf(task, miner);
        return drawn[name]!.data;
      },
    };
    return [name, undrawn as Tensor];
  });
  return {
    taskId: nameOf(task, miner),
    preset,
    ...(Object.fromEntries(tensors) as { x: Tensor; aux?: Tensor }),
  };
}

function parseRequest(message: Message): CommitRequest {
  const { taskId } = message;
  const preset = parsePreset(message.preset);
  const { x, aux } = parseFeeds(PRESETS[preset], message);
  return { taskId: parseName(taskId), preset, x: x!, ...(aux && { aux }) };
}

/** @throws Error when it is none of ours */
export function parsePreset(value: unknown): PresetName {
  if (typeof value !== "string" || !Object.hasOwn(PRESETS, value)) throw new Error("preset is unknown");
  return value as PresetName;
}

/** @throws Error unless it is the name of a question */
export function parseName(value: unknown): string {
  if (typeof value !== "string" || !/^[0-9a-f]{32}$/.test(value)) throw new Error("taskId is no name");
  return value;
}

/** @throws Error unless it is 32 bytes as text */
export function parseHash(value: unknown): string {
  if (typeof value !== "string" || !HASH.test(value)) throw new Error("64 lower-case hexadecimal digits");
  return value;
}

async function answer(request: CommitRequest, miner: MinerContext): Promise<CommitResponse> {
  const { taskId, preset, x } = request;
  const outputs = await miner.infer(feedsOfRequest(request));
  const y = parseAnswer(PRESETS[preset], outputs.y, x.shape[0]!);
  const opening = { y, salt: randomBytes(SALT_BYTES).toString("hex") };
  miner.memory.set(openingKey(taskId), opening);
  const modelHash = miner.modelHash?.() ?? "";
  return { commitment: toCommitment(opening, miner.hotkey, taskId), modelHash };
}

function parseResponse({ commitment, modelHash }: Message): CommitResponse {
  return { commitment: parseHash(commitment), modelHash: modelHash === "" ? "" : parseHash(modelHash) };
}
