import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import type { GlobalArgs } from "../options.ts";
import { createOutput } from "../output.ts";
import { templateEntry, templateRoot } from "../template-folder/template-path.ts";
import { assertName } from "./create-subnet.ts";

/** The parsed flags of `subforge task new`. */
export type NewTaskArgs = Pick<GlobalArgs, "json"> & { name: string; dir: string };

/**
 * Writes a second template beside the first, in the short form: a mechanism of its own, or the start of another subnet.
 *
 * @throws SubforgeError CREATE_NAME, CREATE_EXISTS
 */
export async function newTask({ name, dir, json }: NewTaskArgs): Promise<void> {
  assertName(name);
  const root = templateRoot(templateEntry(dir));
  const path = templateEntry(`${root}/template/${name}.ts`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, skeleton(name), { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new SubforgeError("CREATE_EXISTS", { path, found: "it is a file" });
  });
  const shown = `./${relative(".", path)}`;
  createOutput({ json }).result({ created: true, name, path }, [
    `created  ${shown}  a template in the short form`,
    `next: subforge task check -t ${shown}`,
  ]);
}

/** It works as it is: every line of it is there to be changed. */
function skeleton(name: string): string {
  return `import { defineTask } from "subforge/define-task";
import type { Random } from "subforge/rules/beacon";
import type { Answer, Message } from "subforge/template";

/** What a miner is asked, and what it answers. */
type Request = { numbers: number[] };
type Response = { largest: number };

const COUNT = 16;

/** Miners say which of some numbers is the largest. Validators know it, and pay for right answers. */
export default defineTask({
  name: "${name}",
  version: "1",
  timeoutMs: 2_000,
  tasksPerEpoch: 4,
  createTask,
  parseRequest,
  answer,
  parseResponse,
  score,
  imitate: () => ({}), // for the simulator: what a model of that skill would say; these miners need none
  agents: [
    {
      name: "first",
      describe: "says the first number without looking at the others",
      cost: 0.1,
      answer: async ({ numbers }) => ({ largest: numbers[0]! }),
    },
  ],
});

/** Validator: what to ask. The same numbers must give the same question. */
function createTask(random: Random): { request: Request } {
  return { request: { numbers: Array.from({ length: COUNT }, () => random.below(1_000_000_000)) } };
}

/** Miner: is this a question? */
function parseRequest({ numbers }: Message): Request {
  if (!Array.isArray(numbers) || numbers.length !== COUNT || !numbers.every(isNumber)) throw new Error("numbers");
  return { numbers };
}

/** Miner: the work. Through a model: toFeeds and fromOutputs instead. */
async function answer({ numbers }: Request): Promise<Response> {
  return { largest: Math.max(...numbers) };
}

/** Validator: is this an answer? */
function parseResponse({ largest }: Message): Response {
  if (!isNumber(largest)) throw new Error("largest");
  return { largest };
}

/** Validator: what is each answer worth, 0..1? */
function score({ numbers }: Request, answers: readonly Answer<Response>[]): number[] {
  const truth = Math.max(...numbers);
  return answers.map((a) => (a.ok && a.response.largest === truth ? 1 : 0));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
`;
}
