import type { Failure, Reason } from "./reasons.ts";
import type { Tensor, Tensors } from "./tensor.ts";
import type { BlockNumber, Coldkey, Hotkey, Json, Netuid, Rao, Uid } from "./types.ts";
import type { V10Synapse } from "./v10-synapse.ts";

/*
 * The contract between a subnet, its miners and its validators, in the order an epoch uses it:
 * context -> plan -> request -> response -> transcript -> scores -> weights.
 *
 * The validator's three functions (planEpoch, scoreEpoch, toWeights) and planStage are pure: no clock, network,
 * environment or randomness but what the context carries. The same module runs in production, tests and simulator.
 */

/** A neuron as a template sees it: who it is, not how it was doing. */
export type Participant = {
  uid: Uid;
  hotkey: Hotkey;
  coldkey: Coldkey;
  stakeRao: Rao;
  validatorPermit: boolean;
  registeredAt: BlockNumber;
  /** Is it the hotkey of the subnet's owner? What it earns as a miner is burned or recycled by the chain. */
  isOwner?: true | undefined;
  /** Announced address without its port, undefined when it serves nothing. For grouping, not for calling. */
  ip: string | undefined;
  /**
   * The newest commitment of its hotkey on chain, and the block it was made in: any bytes, but for a validator's secret.
   * Undefined: there is none.
   */
  commitment?: { data: Uint8Array; block: BlockNumber } | undefined;
};

/** What a template may know of an epoch: the chain at its first block, and randomness. */
export type EpochContext<Config = unknown> = {
  netuid: Netuid;
  mechanism: number;
  /** The chain's own count of epochs. */
  epoch: number;
  startBlock: BlockNumber;
  /** Blocks. */
  tempo: number;
  /** The validator that plans and scores. */
  validator: Hotkey;
  /** Everybody registered at `startBlock`, by uid. */
  participants: readonly Participant[];
  /** 32 public bytes that nobody knew before `startBlock`. For choices that everybody may check. */
  beacon: Uint8Array;
  /**
   * 32 bytes that only this validator knows until the epoch is over. Its hash was on chain before `beacon` was known
   * and the bytes are disclosed afterwards, so the validator could not choose them to please anybody. For everything
   * that would give a miner the answers.
   */
  secret: Uint8Array;
  config: Config;
};

/**
 * The context of a later stage: everything of the epoch that planned it, also when the stage begins epochs later, but
 * `beacon` is that of the stage's own first block.
 */
export type StageContext<Config = unknown> = EpochContext<Config> & { stage: string; block: BlockNumber };

/** One question to many miners, or to a source of truth. Small: what is large is made from it by `createRequest`. */
export type Job<Task extends Json = Json> = {
  /** Unique within the epoch, `[a-z0-9-]{1,64}`. */
  taskId: string;
  stage: string;
  /** Name in `synapses`, or in `sources` when `to` is "source". */
  synapse: string;
  /** Whom to ask. One transcript has the answers of all of them. */
  to: readonly Hotkey[] | "source";
  /** What the question is made from. Never leaves the validator. */
  task: Task;
};

/** A stage that cannot be planned yet, because it depends on answers or on randomness that does not exist yet. */
export type LaterStage = { stage: string; at: Mark };

/** When a later stage begins: so many blocks after the last answer of another stage is in or overdue, or epochs later. */
export type Mark = { afterStage: string; blocks: number } | { epochsLater: number };

export type EpochPlan<Task extends Json = Json> = { jobs: Job<Task>[]; later?: LaterStage[] };

/** What came back from one peer: a response, or the reason there is none. Latency is from sending to the last byte. */
export type Answer<Response> =
  | { ok: true; response: Response; latencyMs: number }
  | { ok: false; reason: Failure; latencyMs: number };

/**
 * A job and everything that came back. Missing hotkeys were not asked. `epoch` is the one that planned it. Of a job to
 * "source" there is one answer, under the key "source": what `parseTruth` made of it.
 */
export type Transcript<Task extends Json = Json, Response = unknown> = {
  epoch: number;
  job: Job<Task>;
  answers: ReadonlyMap<Hotkey, Answer<Response>>;
};

/** Finite and >= 0, with the reason that explains it best. */
export type RawScore = { score: number; reason: Reason };

/** Why a score is what it is, for `explain`: small and printable. */
export type Evidence = { hotkey: Hotkey; taskId: string; facts: Json };

export type ScoredEpoch<State extends Json> = {
  /** One entry for each miner that was asked and may be judged. Not asked is not zero: leave it out. */
  raw: Map<Hotkey, RawScore>;
  state: State;
  evidence: Evidence[];
};

/** What travels: JSON with tensors as leaves. */
export type Message = { [key: string]: MessageValue };
export type MessageValue = Json | Tensor | MessageValue[] | { [key: string]: MessageValue };

/** One kind of question. Both sides share it: `createRequest` and `parseResponse` are the validator's. */
export type Synapse<
  Task extends Json = Json,
  Request extends Message = Message,
  Response extends Message = Message,
> = {
  /** From sending to the last byte of the answer. */
  timeoutMs: number;
  maxRequestBytes: number;
  maxResponseBytes: number;
  /**
   * Everybody may work out the question once the beacon is known: nothing in it would give an answer away. Default: a
   * question is unknown until it is asked, and checks hold the template to it.
   */
  isPublic?: true;
  /**
   * The question to one miner. Pure.
   *
   * @param earlier - What this miner answered in earlier stages, by `taskId`.
   */
  createRequest(task: Task, miner: Hotkey, earlier: ReadonlyMap<string, Answer<Message>>): Request;
  /** Is this a question? @throws anything when it is none: the miner answers 400. */
  parseRequest(message: Message): Request;
  /** The miner's work. */
  answer(request: Request, miner: MinerContext): Promise<Response>;
  /** Is this an answer to that question? @throws AnswerRefused with a reason, or anything for `wrong-shape`. Pure. */
  parseResponse(message: Message, request: Request): Response;
  /** How Python peers of SDK 7 to 10 call it. Undefined: they cannot. */
  v10?: V10Synapse;
};

/** What a miner has at hand while it answers one request. */
export type MinerContext = {
  /** The miner's own hotkey. */
  hotkey: Hotkey;
  /** The verified sender. */
  caller: Hotkey;
  /**
   * Run a model: rows of concurrent requests share a batch, so the first dimension counts rows.
   *
   * @param model - Name of one of the miner's models. Default: the first.
   */
  infer(feeds: Tensors, model?: string): Promise<Tensors>;
  /** SHA-256 of that model's file, 64 lower-case digits. Undefined where there is no file behind it. */
  modelHash?(model?: string): string | undefined;
  /** What this miner remembers between the stages of a task, per caller. Bounded: the oldest entry goes first. */
  memory: { get(key: string): Message | undefined; set(key: string, value: Message): void };
  /** Work that outlives an answer: training. Shared by all callers. Undefined: this miner does none. */
  workshop?: Workshop | undefined;
  /**
   * Runs a graph that the subnet's own code built, away from the miner's models. Undefined: there is no runtime, the
   * template computes by its own arithmetic.
   */
  runGraph?: ((graph: Uint8Array, feeds: Tensors) => Promise<Tensors>) | undefined;
  /** Inputs of each model the miner serves, by model name; the first is the default. Undefined: one model is imitated. */
  models?: readonly { name: string; inputs: readonly string[] }[] | undefined;
  /** Aborts when the caller is gone or the deadline is over. */
  signal: AbortSignal;
};

/** Where a miner does what takes longer than an answer may. */
export type Workshop = {
  /**
   * Begins `work` unless something of that key is there. One runs at a time, a few wait. The oldest finished goes when
   * room is needed.
   */
  start(key: string, work: (tools: WorkTools) => Promise<unknown>): "there" | "started" | "full";
  look(
    key: string,
  ):
    | { state: "waiting" | "running" }
    | { state: "done"; value: unknown }
    | { state: "failed"; problem: string }
    | undefined;
};

/** What work has at hand. */
export type WorkTools = {
  /** Aborts when the miner stops. */
  signal: AbortSignal;
  runGraph?: MinerContext["runGraph"];
  /** Makes it the neuron's commitment on chain. Resolves when it is in a block. */
  commit(data: Uint8Array): Promise<void>;
};

/** Where a truth comes from that no miner knows: a price feed, the chain itself. Handed to the validator's shell. */
export type Source<Task extends Json = Json, Truth extends Message = Message> = {
  timeoutMs: number;
  /** Shape of what the shell fetched. @throws anything when it is none: the job is retried until its epoch ends. */
  parseTruth(message: Message, task: Task): Truth;
  /**
   * Makes it a source that every shell has: it runs a miner's committed model again. What comes back is a `ModelRun`.
   * Pure.
   */
  rerun?(task: Task): ModelRequest;
  /**
   * Makes it a source that every shell has: it runs a graph that the template built. What comes back is a `GraphRun`. Pure.
   *
   * @param earlier - What a miner answered in earlier stages, by `taskId`.
   */
  execute?(task: Task, earlier: EarlierAnswers): GraphRequest;
  /** The same by the template's own arithmetic, for those without a runtime: simulator and tests. Pure. */
  compute?(task: Task, earlier: EarlierAnswers): Message | Promise<Message>;
  /** Makes it a source that every shell has: it reads the chain. What comes back is `{ value, block }`. Pure. */
  chain?(task: Task): ChainValue;
  /** Makes it a source that every shell has: it reads a signed feed. What comes back is `{ value, time, signature }`. Pure. */
  feed?(task: Task): FeedPoint;
};

/** What each miner answered in earlier stages of the same epoch, by `taskId`. */
export type EarlierAnswers = (hotkey: Hotkey) => ReadonlyMap<string, Answer<Message>>;

/** `outputs`: which of the graph's outputs are wanted, default all. `device`: default what the operator chose. */
export type GraphRequest = {
  graph: Uint8Array;
  outputs?: readonly string[];
  feeds: Tensors;
  device?: "cpu";
};

/** Or `problem`: the graph may not run, or failed on what was fed. */
export type GraphRun = { outputs: Tensors } | { problem: string };

/** A value of the chain's own, as it stands at a block. */
export type ChainValue = {
  kind: "alpha-price" | "alpha-moving-price" | "pool-tao" | "pool-alpha" | "burn-cost" | "block-interval";
  netuid: Netuid;
  block: BlockNumber;
};

/** A point of a signed feed. `time` is in seconds since 1970. */
export type FeedPoint = { feed: string; time: number };

/** A model that a miner committed to on chain, and the rows to run it on. `sha256` is 64 lower-case digits. */
export type ModelRequest = {
  hotkey: Hotkey;
  model: { sha256: string; size: number; uri: string };
  feeds: Tensors;
};

/**
 * Outputs of the model, and how exact its arithmetic is. Or `problem`: what lies at its address is too large, of another
 * hash, or no model that may run. What cannot be reached is neither: the source fails, and is asked again.
 */
export type ModelRun = { y: Tensor; precision: "float32" | "float16" | "integer" } | { problem: string };

/** A behaviour that is not plain honest work: for the simulator, for `dev`, and for the tests of a template. */
export type Agent<Request extends Message = Message, Response extends Message = Message> = {
  name: string;
  /** What it does, in one sentence. */
  describe: string;
  /** Cost of one answer, in units of an honest answer. */
  cost: number;
  /** Dials of the behaviour, by name: the noise of a copycat, the share of a forger. */
  params?: Record<string, AgentParam>;
  /**
   * Whose model `honest` answers with. best-model: the best honest miner's, for it was stolen, or is relayed to and does
   * not notice. Default: one's own.
   */
  uses?: "own-model" | "best-model";
  /** @returns undefined for no answer at all. */
  answer(request: Request, miner: AgentContext<Response>): Promise<Response | undefined>;
};

/** `describe` says what more of it means, in a few words. */
export type AgentParam = { default: number; min: number; max: number; describe: string };

/** What an agent has at hand while it answers one request. */
export type AgentContext<Response extends Message = Message> = {
  hotkey: Hotkey;
  honest(): Promise<Response>;
  /** The model that `honest` answers with, for those who change what it says. */
  infer: MinerContext["infer"];
  /** What everybody may know of the running epoch. Undefined where nobody tells: a miner does not follow epochs. */
  epoch?: Omit<EpochContext, "secret"> | undefined;
  /** Uniform in 0..1, seeded. */
  random(): number;
  /** The agent's own. */
  memory: MinerContext["memory"];
  /** The same that its honest work has. */
  workshop?: MinerContext["workshop"];
  runGraph?: MinerContext["runGraph"];
  models?: MinerContext["models"];
  /** Every one of the agent's dials has a value. */
  params: Readonly<Record<string, number>>;
  /** Name of the synapse that is asked. */
  synapse: string;
};

/** A model without a model: 32 bytes that make its errors its own, and how good it is, 0..1. */
export type ImitatedModel = { seed: Uint8Array; skill: number };

/** A subnet. State is plain JSON, versioned by `version`, and survives a restart in the middle of an epoch. */
export type SubnetTemplate<Config = unknown, Task extends Json = Json, State extends Json = Json> = {
  /** `[a-z0-9-]{1,32}`: folder, route and queue are named after it. */
  id: string;
  /** Changes when answers or scores would: two validators compare it. */
  version: string;
  /** Unknown input to a configuration with every default filled in. @throws SubforgeError CONFIG_INVALID */
  parseConfig(input: unknown): Config;
  synapses: Record<string, Synapse<Task>>;
  sources?: Record<string, Source<Task>>;
  initialState(): State;
  planEpoch(context: EpochContext<Config>, state: State): EpochPlan<Task>;
  /** Jobs of a later stage, from what is in by then. Needed when a plan has `later`. */
  planStage?(
    context: StageContext<Config>,
    state: State,
    transcripts: readonly Transcript<Task>[],
  ): Job<Task>[];
  /** @param transcripts - Those that were completed in this epoch: of this epoch's jobs, and late ones of earlier epochs. */
  scoreEpoch(
    context: EpochContext<Config>,
    transcripts: readonly Transcript<Task>[],
    state: State,
  ): ScoredEpoch<State>;
  /** Any unit, finite and >= 0: the shares matter. Nobody: an empty list, and no weights are set. */
  toWeights(state: State, context: EpochContext<Config>): { uid: Uid; weight: number }[];
  agents: readonly Agent[];
  /**
   * What consumers may read of a state, by topic: small JSON, the same from every validator that holds the same state.
   */
  publish?(state: State, context: EpochContext<Config>): Readonly<Record<string, PublishedResult>>;
  /**
   * Input of `parseConfig` for simulations and checks that play hundreds of epochs, where the default would take long.
   * Undefined: the default is quick.
   */
  quickConfig?: Readonly<Record<string, Json>>;
  /**
   * What `infer` of a model of that skill would return for this miner's question of that synapse, made from the truth:
   * for the simulator, where a real model would be slow. The same seed errs alike on the same item, two seeds do not.
   * Deterministic.
   */
  imitate?(
    task: Task,
    synapse: string,
    hotkey: Hotkey,
    model: ImitatedModel,
    config: Config,
  ): (feeds: Tensors) => Promise<Tensors>;
};

/**
 * One result as consumers read it. `ci`: the value at 2.28, 15.87, 84.13 and 97.72 %. `facts`: what stands behind it, small.
 */
export type PublishedResult = {
  nonce: number;
  value: number;
  ci: readonly [number, number, number, number];
  facts: Json;
};

const REFUSED = Symbol.for("subforge.AnswerRefused");

/** Thrown by `parseResponse`: an answer that is one, but must not be paid. */
export class AnswerRefused extends Error {
  readonly reason: Failure;
  readonly [REFUSED] = true;

  constructor(reason: Failure, message: string) {
    super(message);
    this.reason = reason;
  }

  /** Also of another copy of this module: a template that was compiled from a folder brings its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && REFUSED in value;
  }
}
