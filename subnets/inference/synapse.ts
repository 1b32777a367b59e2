import { AnswerRefused, type Message, type MinerContext, type Synapse } from "../../shared/template.ts";
import { isTensor, type Tensor, tensor } from "../../shared/tensor.ts";
import { TIMEOUT_MS } from "./config.ts";
import { type InferenceTask, imagesOf } from "./questions.ts";
import { CLASSES, PIXELS } from "./shapes.ts";

/** Same bound as in the configuration: a question may not be larger than a subnet can ask. */
const MAX_ITEMS = 1_024;

/** How far a row of probabilities may be from 1, and a probability from 0..1: float32 and half precision round. */
const TOLERANCE = 1e-3;

/** Room for names, shapes and quotes around the numbers, and for numbers as text. */
const BYTES_PER_NUMBER = 24;

/** `x`: float32 images [N, PIXELS]. */
export type ClassifyRequest = { x: Tensor };

/** `y`: float32 probabilities [N, CLASSES], rows sum to 1. */
export type ClassifyResponse = { y: Tensor<"float32"> };

/** Images go, probabilities come back. The model has one input `x` and one output `y`, with any number of rows. */
export const classify: Synapse<InferenceTask, ClassifyRequest, ClassifyResponse> = {
  timeoutMs: TIMEOUT_MS,
  maxRequestBytes: MAX_ITEMS * PIXELS * BYTES_PER_NUMBER,
  maxResponseBytes: MAX_ITEMS * CLASSES * BYTES_PER_NUMBER,
  createRequest: (task, miner) => ({
    x: tensor("float32", [task.items, PIXELS], imagesOf(task, miner)),
  }),
  parseRequest,
  answer,
  parseResponse,
  v10: {
    name: "InferenceAsk",
    fields: {
      x: { type: "tensor", default: null },
      y: { type: "tensor", default: null, output: true },
    },
    requiredHashFields: ["x"],
  },
};

function parseRequest({ x }: Message): ClassifyRequest {
  if (!isTensor(x) || x.dtype !== "float32") throw new Error("x must be a float32 tensor");
  const [items, width] = x.shape;
  if (x.shape.length !== 2 || width !== PIXELS || !items || items > MAX_ITEMS) {
    throw new Error(`x must be [1..${MAX_ITEMS}, ${PIXELS}]`);
  }
  if (x.data.length !== items * PIXELS) throw new Error("x does not fill its shape");
  return { x };
}

async function answer({ x }: ClassifyRequest, miner: MinerContext): Promise<ClassifyResponse> {
  const { y } = await miner.infer({ x });
  if (!y) throw new Error("the model has no output y");
  return parseResponse({ y }, { x });
}

function parseResponse({ y }: Message, { x }: ClassifyRequest): ClassifyResponse {
  if (!isTensor(y) || y.dtype !== "float32") throw new Error("y must be a float32 tensor");
  const items = x.shape[0]!;
  if (y.shape.length !== 2 || y.shape[0] !== items || y.shape[1] !== CLASSES) {
    throw new Error(`y must be [${items}, ${CLASSES}]`);
  }
  const data = y.data as Float32Array<ArrayBuffer>;
  if (data.length !== items * CLASSES) throw new Error("y does not fill its shape");
  for (let item = 0; item < items; item++) {
    checkProbabilities(data.subarray(item * CLASSES, (item + 1) * CLASSES));
  }
  return { y: { dtype: "float32", shape: y.shape, data } };
}

/** @throws AnswerRefused out-of-range, also for what is not a number */
function checkProbabilities(row: Float32Array): void {
  let sum = 0;
  for (const value of row) {
    if (!(value >= -TOLERANCE && value <= 1 + TOLERANCE)) {
      throw new AnswerRefused("out-of-range", `${value} is no probability`);
    }
    sum += value;
  }
  if (Math.abs(sum - 1) > TOLERANCE) throw new AnswerRefused("out-of-range", `a row sums to ${sum}`);
}
