import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineTask } from "../../shared/define-task.ts";
import type { Random } from "../../shared/rules/beacon.ts";
import type { Answer, Message, MinerContext } from "../../shared/template.ts";
import { isTensor, type Tensor, type Tensors, tensor } from "../../shared/tensor.ts";

/** Numbers in a row: what the model adds up. */
const COLUMNS = 4;
const MAX_ROWS = 4_096;
const MAX_DELAY_MS = 1_000;

/** Sums of float32 values below 100 are exact here; a model that rounds is wrong. */
const TOLERANCE = 1e-3;

const config = z.strictObject({
  /** Load: rows in each question. */
  rows: z.int().min(1).max(MAX_ROWS).default(8),
  /** Slowness: how long a miner takes over an answer. */
  delayMs: z.int().min(0).max(MAX_DELAY_MS).default(0),
});

type Config = z.output<typeof config>;
type Request = { x: Tensor; delayMs: number };
type Response = { y: Tensor };

/** Miners add up rows of numbers. The smallest subnet that works: copy this folder and change what is asked. */
export default defineTask({
  name: "hello",
  version: "1",
  timeoutMs: 2_000,
  config,
  tasksPerEpoch: 4,
  createTask,
  parseRequest,
  answer,
  parseResponse,
  score,
  v10: {
    name: "HelloAsk",
    fields: {
      x: { type: "tensor", default: null },
      delayMs: { type: "int", default: 0 },
      y: { type: "tensor", default: null, output: true },
    },
    requiredHashFields: ["x", "delayMs"],
  },
  imitate,
  agents: [
    {
      name: "zeros",
      describe: "says 0 for every row and never runs its model",
      cost: 0.05,
      answer: async ({ x }) => ({ y: tensor("float32", [x.shape[0]!, 1], new Float32Array(x.shape[0]!)) }),
    },
  ],
});

function createTask(random: Random, { rows, delayMs }: Config): { request: Request } {
  const data = Float32Array.from({ length: rows * COLUMNS }, () => random.below(100));
  return { request: { x: tensor("float32", [rows, COLUMNS], data), delayMs } };
}

function parseRequest({ x, delayMs }: Message): Request {
  if (!(typeof delayMs === "number" && delayMs >= 0 && delayMs <= MAX_DELAY_MS)) throw new Error("delayMs");
  const table = parseTable(x, COLUMNS);
  if (table.shape[0]! > MAX_ROWS) throw new Error("too many rows");
  return { x: table, delayMs };
}

async function answer({ x, delayMs }: Request, miner: MinerContext): Promise<Response> {
  await delay(delayMs, undefined, { signal: miner.signal });
  const { y } = await miner.infer({ x });
  return { y: parseTable(y, 1) };
}

function parseResponse({ y }: Message, { x }: Request): Response {
  const table = parseTable(y, 1);
  if (table.shape[0] !== x.shape[0]) throw new Error("one sum for each row");
  return { y: table };
}

/** The share of right sums. */
function score({ x }: Request, answers: readonly Answer<Response>[]): number[] {
  const sums = rowSums(x);
  return answers.map((a) => (a.ok ? mean(sums.map((sum, row) => isNear(sum, a.response.y.data[row]))) : 0));
}

/** A model that is off by one in the rows that it does not get. */
function imitate({ x }: Request, { skill, random }: { skill: number; random: Random }): Tensors {
  const y = Float32Array.from(rowSums(x), (sum) => (random.uniform() < skill ? sum : sum + 1));
  return { y: tensor("float32", [y.length, 1], y) };
}

function rowSums(x: Tensor): number[] {
  const values = Array.from(x.data, Number);
  return Array.from({ length: x.shape[0]! }, (_, row) =>
    values.slice(row * COLUMNS, (row + 1) * COLUMNS).reduce((sum, value) => sum + value, 0),
  );
}

function isNear(expected: number, actual: number | bigint | undefined): number {
  return Math.abs(expected - Number(actual)) <= TOLERANCE ? 1 : 0;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A float32 tensor [rows, columns] with at least one row. */
function parseTable(value: unknown, columns: number): Tensor {
  if (!isTensor(value) || value.dtype !== "float32") throw new Error("a float32 tensor is expected");
  const [rows, width] = value.shape;
  if (value.shape.length !== 2 || width !== columns || !rows || value.data.length !== rows * columns) {
    throw new Error(`shape [rows, ${columns}] is expected`);
  }
  return value;
}
