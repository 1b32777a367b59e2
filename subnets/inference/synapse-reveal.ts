import { opensCommitment } from "../../shared/rules/commit-reveal.ts";
import { minerKey } from "../../shared/rules/miner-key.ts";
import { type Answer, AnswerRefused, type Message, type Synapse } from "../../shared/template.ts";
import { tensorBytes } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { REVEAL_TIMEOUT_MS } from "./config.ts";
import { PRESETS, type PresetName } from "./presets/presets.ts";
import { type InferenceTask, nameOf } from "./questions.ts";
import { MAX_NUMBERS, maxItems, parseAnswer } from "./rows.ts";
import { type Opening, openingKey, parseHash, parseName, parsePreset } from "./synapse-commit.ts";

const BYTES_PER_NUMBER = 24;
const MAX_REQUEST_BYTES = 4_096;
const MAX_HOTKEY_CHARS = 64;

/** What was committed to, and by whom: who did not commit has "", which nothing opens. */
export type RevealRequest = {
  taskId: string;
  preset: PresetName;
  items: number;
  commitment: string;
  miner: Hotkey;
};

/** `y`: float32 [items, outputs of the preset]. */
export type RevealResponse = Opening;

/** The miner shows what it is bound to. */
export const reveal: Synapse<InferenceTask, RevealRequest, RevealResponse> = {
  timeoutMs: REVEAL_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_NUMBERS * BYTES_PER_NUMBER,

  createRequest(task, miner, earlier) {
    const { preset, items, commit } = task;
    const committed: Answer<Message> | undefined = earlier.get(commit);
    const commitment = committed?.ok ? String(committed.response.commitment) : "";
    return { taskId: nameOf(task, miner), preset, items, commitment, miner };
  },

  parseRequest({ taskId, preset: name, items, commitment, miner }) {
    const preset = parsePreset(name);
    const isBounded = typeof items === "number" && Number.isInteger(items);
    if (!isBounded || items < 1 || items > maxItems(PRESETS[preset])) throw new Error("items");
    if (typeof miner !== "string" || miner.length > MAX_HOTKEY_CHARS) throw new Error("miner");
    const bound = commitment === "" ? "" : parseHash(commitment);
    return { taskId: parseName(taskId), preset, items, commitment: bound, miner };
  },

  async answer({ taskId }, { memory }) {
    const opening = memory.get(openingKey(taskId));
    if (!opening) throw new Error("this miner committed to nothing of that name");
    return opening as RevealResponse;
  },

  parseResponse(message, { taskId, preset, items, commitment, miner }) {
    const salt = parseHash(message.salt);
    const y = parseAnswer(PRESETS[preset], message.y, items);
    const opening = {
      ...{ reply: tensorBytes(y), salt: Buffer.from(salt, "hex"), minerPublicKey: minerKey(miner), taskId },
    };
    if (!opensCommitment(Buffer.from(commitment, "hex"), opening)) {
      throw new AnswerRefused("broken-commitment", "this is not what was committed to");
    }
    return { y, salt };
  },

  v10: {
    name: "InferenceReveal",
    fields: {
      taskId: { type: "str", default: "" },
      preset: { type: "str", default: "" },
      items: { type: "int", default: 0 },
      commitment: { type: "str", default: "" },
      miner: { type: "str", default: "" },
      salt: { type: "str", default: "", output: true },
      y: { type: "tensor", default: null, output: true },
    },
    requiredHashFields: ["taskId", "preset", "items", "commitment", "miner"],
  },
};
