import type { Agent, AgentContext, Message } from "../../shared/template.ts";
import type { Forecast } from "./answer.ts";
import { PEER_FEATURES } from "./features.ts";
import { type CommitRequest, committed, openingKey } from "./synapse-commit.ts";
import type { RevealRequest } from "./synapse-reveal.ts";

/** Running a model is nearly all the cost of an answer; not running one leaves the traffic. */
const WITHOUT_MODEL = 0.05;

const SALT_DIGITS = 64;

/** A log10 loss that hardly anybody ever has: whoever is said to have it is said to be perfect. */
const PERFECT = -8;

type Saying = Omit<Agent, "answer"> & {
  say(request: CommitRequest, miner: AgentContext): Promise<Forecast> | Forecast;
};

/** A behaviour that says something of its own, and is otherwise like everybody: it commits to it and shows it. */
function saying({ say, ...agent }: Saying): Agent {
  return {
    ...agent,
    async answer(message, miner) {
      if (miner.synapse !== "commit") return shown(message, miner);
      const request = message as CommitRequest;
      return committed(await say(request, miner), miner, request.taskId, drawSalt(miner));
    },
  };
}

async function shown(message: Message, { memory }: AgentContext): Promise<Message | undefined> {
  return memory.get(openingKey((message as RevealRequest).taskId));
}

function drawSalt({ random }: AgentContext): string {
  return Array.from({ length: SALT_DIGITS }, () => Math.floor(random() * 16).toString(16)).join("");
}

function inferring(values: Iterable<number>): Forecast {
  return { values: [...values], losses: [] };
}

function newest({ x, arity }: CommitRequest): number[] {
  return [...(x.data as Float32Array).subarray(-arity)];
}

async function ownValues({ x }: CommitRequest, { infer }: AgentContext): Promise<number[]> {
  return [...((await infer({ x })).y!.data as Float32Array)];
}

/** About as many as there are steps between -1 and 1. */
function normal({ random }: AgentContext): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function peersOf({ peers }: CommitRequest): number {
  return peers ? peers.data.length / PEER_FEATURES : 0;
}

const lazy = saying({
  name: "lazy",
  describe: "says the last value again",
  cost: WITHOUT_MODEL,
  say: (request) => inferring(newest(request)),
});

const random = saying({
  name: "random",
  describe: "draws a value around the last one",
  cost: WITHOUT_MODEL,
  say: (request, miner) => inferring(newest(request).map((value) => value + 2 * normal(miner))),
});

const staleCopier = saying({
  name: "stale-copier",
  describe: "says what the best miner showed in the epoch before",
  cost: WITHOUT_MODEL,
  uses: "best-model",
  async say(request, miner) {
    const before = miner.memory.get("shown") as { values: number[] } | undefined;
    const values = await ownValues(request, miner);
    miner.memory.set("shown", { values });
    return inferring(before?.values ?? newest(request));
  },
});

const liveCopier = saying({
  name: "live-copier",
  describe: "says what the best miner says in the same epoch, as if a commitment could be read",
  cost: WITHOUT_MODEL,
  uses: "best-model",
  say: async (request, miner) => inferring(await ownValues(request, miner)),
});

const outlier = saying({
  name: "outlier",
  describe: "says a thousand times what its model says",
  cost: 1,
  params: { scale: { default: 1_000, min: -1e9, max: 1e9, describe: "times its model's value" } },
  say: async (request, miner) =>
    inferring((await ownValues(request, miner)).map((value) => value * miner.params.scale!)),
});

const randomForecaster = saying({
  name: "random-forecaster",
  describe: "has no value of its own, and draws what it expects of the others",
  cost: WITHOUT_MODEL,
  say: (request, miner) => ({
    values: peersOf(request) > 0 ? [] : newest(request),
    losses: Array.from({ length: peersOf(request) }, () => normal(miner)),
  }),
});

const pusher = saying({
  name: "colluding-forecaster",
  describe: "says that one peer, the first, will be perfect, and the others what they are",
  cost: WITHOUT_MODEL,
  say: (request) => ({
    values: peersOf(request) > 0 ? [] : newest(request),
    losses: Array.from({ length: peersOf(request) }, (_, at) => (at === 0 ? PERFECT : request.networkLoss)),
  }),
});

const regretful: Agent = {
  name: "changed-mind",
  describe: "commits to one value and shows another",
  cost: 1,
  async answer(_, { synapse, honest }) {
    const answer = await honest();
    if (synapse === "commit") return answer;
    const { values } = answer as unknown as Forecast;
    return { ...answer, values: values.map((value) => value + 1) };
  },
};

const garbage: Agent = {
  name: "garbage",
  describe: "sends what is no answer: nothing, text, no numbers, too many of them",
  cost: WITHOUT_MODEL,
  async answer(_, { random: draw, synapse }) {
    if (synapse === "commit" && draw() < 0.5) return { commitment: "f".repeat(64) };
    const salt = "0".repeat(SALT_DIGITS);
    const odd: Message[] = [
      {},
      { values: "up", losses: null, salt: "<b>" },
      { values: [Number.NaN], losses: [], salt },
      { values: new Array<number>(4_096).fill(1), losses: [], salt },
      { values: [1e300], losses: [1e300], salt, commitment: 7 },
    ];
    return odd[Math.floor(draw() * odd.length)];
  },
};

const late: Agent = {
  name: "late-committer",
  describe: "commits when the others have shown their values: too late, validators hear nothing in time",
  cost: 1,
  answer: (_, { synapse, honest }) => (synapse === "commit" ? Promise.resolve(undefined) : honest()),
};

const nonRevealer: Agent = {
  name: "non-revealer",
  describe: "commits to a value and never shows it",
  cost: 1,
  answer: (_, { synapse, honest }) => (synapse === "commit" ? honest() : Promise.resolve(undefined)),
};

/** Ways to save the work, to live on somebody else's, and to bend what is combined. */
export const agents: readonly Agent[] = [
  ...[lazy, random, staleCopier, liveCopier, outlier, randomForecaster, pusher],
  ...[regretful, garbage, late, nonRevealer],
];
