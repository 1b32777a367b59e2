import { defineTask } from "../../shared/define-task.ts";
import type { Answer, Message } from "../../shared/template.ts";

/** Numbers in a question. */
const NUMBERS = 16;

type Request = { x: number[] };
type Response = { y: number };

/** Miners add up a few numbers: so little work that what is measured is the asking. One question for each in an epoch. */
export const sweepTemplate = defineTask<Request, Response>({
  name: "sweep",
  version: "1",
  timeoutMs: 3_000,
  tasksPerEpoch: 1,
  maxRequestBytes: 16_384,
  maxResponseBytes: 16_384,
  createTask: (random) => ({
    request: { x: Array.from({ length: NUMBERS }, () => random.below(1_000) + 0.5) },
    truth: undefined,
  }),
  parseRequest,
  answer: async ({ x }) => ({ y: sum(x) }),
  parseResponse: ({ y }: Message) => {
    if (typeof y !== "number") throw new Error("y is no number");
    return { y };
  },
  score: ({ x }, answers: readonly Answer<Response>[]) =>
    answers.map((answer) => (answer.ok && answer.response.y === sum(x) ? 1 : 0)),
  v10: {
    name: "Sweep",
    fields: {
      x: { type: { list: "float" } },
      y: { type: "float", default: null, output: true },
    },
    requiredHashFields: ["x"],
  },
});

function parseRequest({ x }: Message): Request {
  if (!Array.isArray(x) || !x.every((value) => typeof value === "number")) throw new Error("x is no list");
  return { x: x as number[] };
}

function sum(x: readonly number[]): number {
  return x.reduce((total, value) => total + value, 0);
}
