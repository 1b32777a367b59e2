import type { Failure } from "./reasons.ts";
import {
  type Answer,
  AnswerRefused,
  type EpochContext,
  type Job,
  type Message,
  type ScoredEpoch,
  type SubnetTemplate,
  type Synapse,
  type Transcript,
} from "./template.ts";
import type { Hotkey, Json } from "./types.ts";

/**
 * One miner in memory: it gets a question and gives an answer, or undefined for none.
 * What it throws counts as no answer.
 */
export type Player = (question: {
  synapse: Synapse;
  request: Message;
  hotkey: Hotkey;
  job: Job;
}) => Promise<{ response: Message | undefined; latencyMs: number }>;

/** Everything an epoch left behind. */
export type PlayedEpoch<State extends Json> = ScoredEpoch<State> & {
  transcripts: Transcript[];
  weights: { uid: number; weight: number }[];
};

/**
 * One epoch of a one-stage template without network, queue or clock: plan, ask, check, score, weigh, in the same order
 * as a validator. Who is asked and does not play counts as `connect-failed`.
 */
export async function playEpoch<Config, State extends Json>(
  template: SubnetTemplate<Config, Json, State>,
  context: EpochContext<Config>,
  state: State,
  players: ReadonlyMap<Hotkey, Player>,
): Promise<PlayedEpoch<State>> {
  const { jobs } = template.planEpoch(context, state);
  const transcripts: Transcript[] = [];
  for (const job of jobs) {
    transcripts.push({ epoch: context.epoch, job, answers: await askAll(template, job, players) });
  }
  const scored = template.scoreEpoch(context, transcripts, state);
  return { ...scored, transcripts, weights: template.toWeights(scored.state, context) };
}

/** The answers of everybody one job is for, after the checks a validator makes. */
export async function askAll(
  template: Pick<SubnetTemplate, "synapses">,
  job: Job,
  players: ReadonlyMap<Hotkey, Player>,
  earlier: (hotkey: Hotkey) => ReadonlyMap<string, Answer<Message>> = () => new Map(),
): Promise<Map<Hotkey, Answer<Message>>> {
  const synapse = template.synapses[job.synapse]!;
  const answers = new Map<Hotkey, Answer<Message>>();
  for (const hotkey of job.to === "source" ? [] : job.to) {
    const request = synapse.createRequest(job.task, hotkey, earlier(hotkey));
    answers.set(hotkey, await ask(synapse, request, hotkey, job, players.get(hotkey)));
  }
  return answers;
}

async function ask(
  synapse: Synapse,
  request: Message,
  hotkey: Hotkey,
  job: Job,
  player: Player | undefined,
): Promise<Answer<Message>> {
  if (!player) return { ok: false, reason: "connect-failed", latencyMs: 0 };
  const { response, latencyMs } = await player({ synapse, request, hotkey, job }).catch(() => ({
    response: undefined,
    latencyMs: 0,
  }));
  if (response === undefined) return { ok: false, reason: "timeout", latencyMs: synapse.timeoutMs };
  try {
    return { ok: true, response: synapse.parseResponse(response, request), latencyMs };
  } catch (error) {
    const reason: Failure = error instanceof AnswerRefused ? error.reason : "wrong-shape";
    return { ok: false, reason, latencyMs };
  }
}
