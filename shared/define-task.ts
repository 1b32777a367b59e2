import { z } from "zod";
import { SubforgeError } from "./errors.ts";
import { isValidatorsOwnFault } from "./reasons.ts";
import { childSeed, hiddenSeed, type Random, randomFrom } from "./rules/beacon.ts";
import { parseConfig } from "./rules/config.ts";
import { explainScore } from "./rules/explain-score.ts";
import { type Averages, updateAverages } from "./rules/moving-average.ts";
import { minersOf, toUidWeights } from "./rules/participants.ts";
import { linear } from "./rules/shape.ts";
import type {
  Agent,
  Answer,
  Evidence,
  Message,
  MinerContext,
  RawScore,
  SubnetTemplate,
  Synapse,
  Transcript,
} from "./template.ts";
import type { Tensors } from "./tensor.ts";
import type { Hotkey, Json } from "./types.ts";
import type { V10Synapse } from "./v10-synapse.ts";

const DEFAULT_MAX_BYTES = 1_048_576;
const DEFAULT_ALPHA = 0.1;

/** Name of the only synapse and stage of such a subnet. */
const ASK = "ask";

/** What to ask, and what only the validator knows about it. Leave `truth` out when `score` can tell from the request. */
type Question<Request, Truth> = { request: Request; truth?: Truth };

/** How a miner works: through its model, or by a function that may use the model too. */
type Work<Request, Response> =
  | {
      /** Question to tensors. The first dimension counts rows: rows of concurrent requests share a batch. */
      toFeeds(request: Request): Tensors;
      /** Tensors to answer. */
      fromOutputs(outputs: Tensors, request: Request): Response;
      answer?: undefined;
    }
  | {
      answer(request: Request, miner: MinerContext): Promise<Response>;
      toFeeds?: undefined;
      fromOutputs?: undefined;
    };

/** A subnet of one question and one answer. Everything here is pure but `answer`. */
export type TaskDefinition<Config extends Json, Request extends Message, Response extends Message, Truth> = {
  /** `[a-z0-9-]{1,32}`. */
  name: string;
  /** Changes when answers or scores would. */
  version: string;
  /** From sending to the last byte of the answer. */
  timeoutMs: number;
  /** Default 1 MiB each. */
  maxRequestBytes?: number;
  maxResponseBytes?: number;
  /** The knobs with their bounds and defaults. Default: there are none. */
  config?: z.ZodType<Config>;
  /** Questions in each epoch. Everybody is asked each of them. */
  tasksPerEpoch: number | ((config: Config) => number);
  /** Share of the newest epoch in the moving average, 0..1. Default 0.1. */
  alpha?: number;
  /** From averages to shares. Default `linear`. */
  shape?(averages: readonly number[]): number[];
  /** Validator: what to ask. The same numbers must give the same question, for it is made more than once. */
  createTask(random: Random, config: Config): Question<Request, Truth>;
  /** Miner: is this a question? @throws anything when it is none */
  parseRequest(message: Message): Request;
  /** Validator: is this an answer to it? @throws AnswerRefused with a reason, or anything for `wrong-shape` */
  parseResponse(message: Message, request: Request): Response;
  /** Validator: what is each answer worth, 0..1? In the order of `answers`. What is not a number is worth 0. */
  score(request: Request, answers: readonly Answer<Response>[], truth: Truth): number[];
  agents?: readonly Agent<Request, Response>[];
  /**
   * For the simulator: the outputs of a model that is right about a share `skill` of what it is asked. The same numbers
   * are drawn each time that this model is asked this question, so that it errs alike.
   */
  imitate?(request: Request, model: { skill: number; random: Random }, truth: Truth): Tensors;
  /** How Python peers of SDK 7 to 10 call it. Undefined: they cannot. */
  v10?: V10Synapse;
} & Work<Request, Response>;

/** The small seed that travels through the queue instead of the question: both are made from it where they are needed. */
type SeededTask<Config extends Json> = { seed: string; config: Config };

type TaskState = { averages: Averages };

/**
 * The short form of a subnet template. It plans `tasksPerEpoch` questions from a hidden seed, scores the answers, and
 * pays by the moving average of the scores.
 *
 * @example export default defineTask({ name: "sentiment", timeoutMs: 2_000, createTask, toFeeds, score, ... });
 */
export function defineTask<
  Request extends Message,
  Response extends Message,
  Truth = undefined,
  Config extends Json = Record<string, never>,
>(
  definition: TaskDefinition<Config, Request, Response, Truth>,
): SubnetTemplate<Config, SeededTask<Config>, TaskState> {
  type Task = SeededTask<Config>;
  const { name, version, score, shape = linear, alpha = DEFAULT_ALPHA } = definition;
  const questions = new WeakMap<Task, Question<Request, Truth>>();

  /** The question is a function of the task; a job that asks many miners makes it once. */
  function questionOf(task: Task): Question<Request, Truth> {
    let question = questions.get(task);
    if (!question) {
      question = definition.createTask(randomFrom(Buffer.from(task.seed, "hex")), task.config);
      questions.set(task, question);
    }
    return question;
  }

  function imitateWith(
    imitate: NonNullable<typeof definition.imitate>,
  ): NonNullable<SubnetTemplate<Config, Task, TaskState>["imitate"]> {
    return (task, _synapse, _hotkey, { seed, skill }) => {
      const { request, truth } = questionOf(task);
      return async () => {
        const random = randomFrom(childSeed(seed, task.seed));
        return imitate(request, { skill, random }, truth as Truth);
      };
    };
  }

  const ask: Synapse<Task, Request, Response> = {
    timeoutMs: definition.timeoutMs,
    maxRequestBytes: definition.maxRequestBytes ?? DEFAULT_MAX_BYTES,
    maxResponseBytes: definition.maxResponseBytes ?? DEFAULT_MAX_BYTES,
    createRequest: (task) => questionOf(task).request,
    parseRequest: definition.parseRequest,
    answer: (request, miner) => work(definition, request, miner),
    parseResponse: definition.parseResponse,
    ...(definition.v10 && { v10: definition.v10 }),
  };

  return {
    id: name,
    version,
    parseConfig: (input) => parseConfig(name, definition.config ?? noConfig<Config>(), input),
    synapses: { [ASK]: ask },
    initialState: () => ({ averages: {} }),

    planEpoch(context) {
      const { tasksPerEpoch } = definition;
      const count = typeof tasksPerEpoch === "number" ? tasksPerEpoch : tasksPerEpoch(context.config);
      const to = minersOf(context);
      if (to.length === 0) return { jobs: [] };
      const epochsSeed = hiddenSeed(context, name);
      const jobs = Array.from({ length: count }, (_, index) => {
        const seed = Buffer.from(childSeed(epochsSeed, `task ${index}`)).toString("hex");
        return {
          taskId: `task-${index}`,
          stage: ASK,
          synapse: ASK,
          to,
          task: { seed, config: context.config },
        };
      });
      return { jobs };
    },

    scoreEpoch(context, transcripts, state) {
      const book = new Map<Hotkey, Marks>();
      const evidence: Evidence[] = [];
      for (const transcript of transcripts as readonly Transcript<Task, Response>[]) {
        const { taskId, task } = transcript.job;
        const judged = judgedAnswers(transcript);
        const { request, truth } = questionOf(task);
        // An author who leaves the truth out has a score function that does not read it.
        const scores = score(
          request,
          judged.map(([, answer]) => answer),
          truth as Truth,
        );
        if (scores.length !== judged.length) {
          const what = `score of ${name} gave ${scores.length} scores for ${judged.length} answers`;
          throw new SubforgeError("INTERNAL", { what });
        }
        judged.forEach(([hotkey, answer], index) => {
          const worth = answer.ok ? toShare(scores[index]!) : 0;
          addMark(book, hotkey, answer, worth);
          const latencyMs = Math.round(answer.latencyMs);
          const reason = answer.ok ? "ok" : answer.reason;
          evidence.push({ hotkey, taskId, facts: { score: worth, latencyMs, reason } });
        });
      }
      const raw = new Map([...book].map(([hotkey, marks]) => [hotkey, toRawScore(marks)] as const));
      const means = new Map([...raw].map(([hotkey, entry]) => [hotkey, entry.score] as const));
      const registered = context.participants.map(({ hotkey }) => hotkey);
      const averages = updateAverages(state.averages, means, registered, alpha);
      return { raw, state: { averages }, evidence };
    },

    toWeights(state, context) {
      const hotkeys = Object.keys(state.averages).sort();
      const shares = shape(hotkeys.map((hotkey) => state.averages[hotkey]!));
      return toUidWeights(context.participants, new Map(hotkeys.map((hotkey, i) => [hotkey, shares[i]!])));
    },

    agents: definition.agents ?? [],
    ...(definition.imitate && { imitate: imitateWith(definition.imitate) }),
  };
}

async function work<Request, Response>(
  how: Work<Request, Response>,
  request: Request,
  miner: MinerContext,
): Promise<Response> {
  if (how.answer) return how.answer(request, miner);
  return how.fromOutputs(await miner.infer(how.toFeeds(request)), request);
}

function noConfig<Config extends Json>(): z.ZodType<Config> {
  return z.strictObject({}) as unknown as z.ZodType<Config>; // Config is Record<string, never> then
}

/** Those that may be judged, by hotkey, so that their order says nothing. The validator's own outage is nobody's score. */
function judgedAnswers<Response>(transcript: Transcript<Json, Response>): [Hotkey, Answer<Response>][] {
  const asked = new Set(transcript.job.to);
  return [...transcript.answers]
    .filter(([hotkey, answer]) => asked.has(hotkey) && (answer.ok || !isValidatorsOwnFault(answer.reason)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

type Marks = { scores: number[]; failures: Exclude<RawScore["reason"], "ok">[] };

function addMark(book: Map<Hotkey, Marks>, hotkey: Hotkey, answer: Answer<unknown>, score: number): void {
  const marks = book.get(hotkey) ?? { scores: [], failures: [] };
  marks.scores.push(score);
  if (!answer.ok) marks.failures.push(answer.reason);
  book.set(hotkey, marks);
}

function toRawScore({ scores, failures }: Marks): RawScore {
  const score = scores.reduce((sum, value) => sum + value, 0) / scores.length;
  return { score, reason: explainScore(score, failures, scores.length) };
}

function toShare(score: number): number {
  return Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0;
}
