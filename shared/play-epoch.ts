import type { InlineWorkshop } from "./inline-workshop.ts";
import type { Failure } from "./reasons.ts";
import { childSeed } from "./rules/beacon.ts";
import {
  type Answer,
  AnswerRefused,
  type EarlierAnswers,
  type EpochContext,
  type Job,
  type LaterStage,
  type Message,
  type ScoredEpoch,
  type SubnetTemplate,
  type Synapse,
  type Transcript,
} from "./template.ts";
import type { BlockNumber, Hotkey, Json } from "./types.ts";

/** Key of the only answer of a job to "source". */
const SOURCE = "source";

/**
 * One miner in memory: it gets a question and gives an answer, or undefined for none.
 * What it throws counts as no answer. What its workshop commits to stands on chain in the next epoch.
 */
export type Player = {
  (question: PlayedQuestion): Promise<{ response: Message | undefined; latencyMs: number }>;
  readonly workshop?: InlineWorkshop;
};

export type PlayedQuestion = {
  synapse: Synapse;
  request: Message;
  hotkey: Hotkey;
  job: Job;
  /** In which it is asked. */
  block: BlockNumber;
};

/**
 * Where a truth comes from, by the name a template gives its source. What it throws counts as silence. A source that is
 * not here computes by itself where it can.
 */
export type PlayedSources = Readonly<
  Record<string, (task: Json, earlier: EarlierAnswers) => Message | Promise<Message>>
>;

/** Stages that begin in a later epoch, with everything of the epoch that planned them. */
export type PendingEpoch<Config = unknown, State extends Json = Json> = {
  context: EpochContext<Config>;
  /** Before that epoch was scored. */
  state: State;
  later: readonly LaterStage[];
  transcripts: readonly Transcript[];
};

export type PlayOptions<Config = unknown, State extends Json = Json> = {
  sources?: PlayedSources | undefined;
  /** 32 bytes of a later stage's first block. Default: made from the epoch's beacon and the stage's name. */
  beaconOf?: ((stage: string) => Uint8Array) | undefined;
  /** What earlier epochs left: `pending` of the call before. */
  pending?: readonly PendingEpoch<Config, State>[] | undefined;
};

/** Everything an epoch left behind. */
export type PlayedEpoch<State extends Json, Config = unknown> = ScoredEpoch<State> & {
  /** All that were completed in it: late ones of earlier epochs, then its own. */
  transcripts: Transcript[];
  weights: { uid: number; weight: number }[];
  /** As it was played: with what the players had committed to before it began. */
  context: EpochContext<Config>;
  /** For the next call. */
  pending: PendingEpoch<Config, State>[];
};

/**
 * One epoch without network, queue or clock: plan, ask, the later stages in their order, check, score, weigh, in the
 * same order as a validator. Who is asked and does not play counts as `connect-failed`, a source that is not there as
 * `validator-outage`. A stage of a later epoch is played in the first call for that epoch or a later one.
 */
export async function playEpoch<Config, State extends Json>(
  template: SubnetTemplate<Config, Json, State>,
  before: EpochContext<Config>,
  state: State,
  players: ReadonlyMap<Hotkey, Player>,
  options: PlayOptions<Config, State> = {},
): Promise<PlayedEpoch<State, Config>> {
  const context = await withCommitments(before, players);
  const transcripts: Transcript[] = [];
  const pending: PendingEpoch<Config, State>[] = [];
  const field = { template, players, now: context, options };
  for (const earlier of options.pending ?? []) {
    const played = await playStages(field, earlier);
    transcripts.push(...played.transcripts.slice(earlier.transcripts.length));
    if (played.later.length > 0) pending.push(played);
  }
  const { jobs, later = [] } = template.planEpoch(context, state);
  const first = await askJobs(field, { context, block: context.startBlock }, jobs, []);
  const played = await playStages(field, { context, state, later, transcripts: first });
  transcripts.push(...played.transcripts);
  if (played.later.length > 0) pending.push(played);
  const scored = template.scoreEpoch(context, transcripts, state);
  const weights = template.toWeights(scored.state, context);
  return { ...scored, transcripts, weights, context, pending };
}

/** The chain as it stands when the epoch begins: what is under way in workshops is finished before. */
async function withCommitments<Config>(
  context: EpochContext<Config>,
  players: ReadonlyMap<Hotkey, Player>,
): Promise<EpochContext<Config>> {
  for (const { workshop } of players.values()) await workshop?.settled();
  const participants = context.participants.map((participant) => {
    const commitment = players.get(participant.hotkey)?.workshop?.commitment();
    return commitment ? { ...participant, commitment } : participant;
  });
  return { ...context, participants };
}

type Field<Config, State extends Json> = {
  template: SubnetTemplate<Config, Json, State>;
  players: ReadonlyMap<Hotkey, Player>;
  /** The epoch that is played now. */
  now: EpochContext<Config>;
  options: PlayOptions<Config, State>;
};

/** Plays what can begin in this epoch. @returns The same with what was answered, and with the stages that are left. */
async function playStages<Config, State extends Json>(
  field: Field<Config, State>,
  of: PendingEpoch<Config, State>,
): Promise<PendingEpoch<Config, State>> {
  const { template, now, options } = field;
  const transcripts = [...of.transcripts];
  const waiting = new Set(of.later.map(({ stage }) => stage));
  const later: LaterStage[] = [];
  let block = now.startBlock;
  for (const entry of of.later) {
    const { stage, at } = entry;
    const begins =
      "afterStage" in at ? !waiting.has(at.afterStage) : now.epoch >= of.context.epoch + at.epochsLater;
    if (!begins) {
      later.push(entry);
      continue;
    }
    block = "afterStage" in at ? block + 1 + at.blocks : now.startBlock; // the stage before it took a block
    const beacon = options.beaconOf?.(stage) ?? childSeed(now.beacon, `stage ${stage}`);
    const context = { ...of.context, beacon, stage, block };
    const jobs = template.planStage!(context, of.state, transcripts).map((job) => ({ ...job, stage }));
    transcripts.push(...(await askJobs(field, { context: of.context, block }, jobs, transcripts)));
    waiting.delete(stage);
  }
  return { ...of, later, transcripts };
}

/** The jobs of one stage. They do not see each other's answers. */
async function askJobs<Config, State extends Json>(
  { template, players, options }: Field<Config, State>,
  { context: { epoch }, block }: { context: EpochContext<Config>; block: BlockNumber },
  jobs: readonly Job[],
  before: readonly Transcript[],
): Promise<Transcript[]> {
  const known = byHotkey(before);
  const none = new Map<string, Answer<Message>>();
  const earlier: EarlierAnswers = (hotkey) => known.get(hotkey) ?? none;
  const transcripts: Transcript[] = [];
  for (const job of jobs) {
    const answers =
      job.to === SOURCE
        ? new Map([[SOURCE, await askSource(template, job, { sources: options.sources ?? {}, earlier })]])
        : await askAll(template, job, players, earlier, block);
    transcripts.push({ epoch, job, answers });
  }
  return transcripts;
}

function byHotkey(transcripts: readonly Transcript[]): Map<Hotkey, Map<string, Answer<Message>>> {
  const known = new Map<Hotkey, Map<string, Answer<Message>>>();
  for (const { job, answers } of transcripts) {
    for (const [hotkey, answer] of answers) {
      const entries = known.get(hotkey) ?? new Map<string, Answer<Message>>();
      known.set(hotkey, entries.set(job.taskId, answer as Answer<Message>));
    }
  }
  return known;
}

async function askSource(
  template: Pick<SubnetTemplate, "sources">,
  { synapse, task }: Job,
  { sources, earlier }: { sources: PlayedSources; earlier: EarlierAnswers },
): Promise<Answer<Message>> {
  try {
    const source = template.sources![synapse]!;
    const fetch = Object.hasOwn(sources, synapse) ? sources[synapse]! : source.compute!;
    const message = await fetch(task, earlier);
    return { ok: true, response: source.parseTruth(message, task), latencyMs: 0 };
  } catch {
    return { ok: false, reason: "validator-outage", latencyMs: 0 };
  }
}

/** The answers of everybody one job is for, after the checks a validator makes. */
export async function askAll(
  template: Pick<SubnetTemplate, "synapses">,
  job: Job,
  players: ReadonlyMap<Hotkey, Player>,
  earlier: EarlierAnswers = () => new Map(),
  block: BlockNumber = 0,
): Promise<Map<Hotkey, Answer<Message>>> {
  const synapse = template.synapses[job.synapse]!;
  const answers = new Map<Hotkey, Answer<Message>>();
  for (const hotkey of job.to === SOURCE ? [] : job.to) {
    const request = synapse.createRequest(job.task, hotkey, earlier(hotkey));
    answers.set(hotkey, await ask({ synapse, request, hotkey, job, block }, players.get(hotkey)));
  }
  return answers;
}

async function ask(question: PlayedQuestion, player: Player | undefined): Promise<Answer<Message>> {
  if (!player) return { ok: false, reason: "connect-failed", latencyMs: 0 };
  const { synapse, request } = question;
  const { response, latencyMs } = await player(question).catch(() => ({
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
