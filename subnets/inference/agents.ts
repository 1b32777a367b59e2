import { commitTo } from "../../shared/rules/commit-reveal.ts";
import { minerKey } from "../../shared/rules/miner-key.ts";
import type { Agent, AgentParam, Message } from "../../shared/template.ts";
import { tensor, tensorBytes } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import {
  blurred,
  changing,
  inRange,
  ownAnswer,
  repeated,
  rowsOf,
  SALT_DIGITS,
  shown,
  toOpening,
} from "./changed-answer.ts";
import { forecastAnswer } from "./forecaster.ts";
import { PRESETS } from "./presets/presets.ts";
import { type CommitRequest, type Opening, openingKey } from "./synapse-commit.ts";
import type { RevealRequest } from "./synapse-reveal.ts";

/** Running a model is nearly all the cost of an answer; not running one leaves the traffic. */
const WITHOUT_MODEL = 0.05;

/** A model that was stolen has to be run for each item, like one's own: only its training was saved. */
const STOLEN_MODEL = 1;

/** How far the answers of a smaller model are from those of the committed one, in log-probability. */
const CHEAP_NOISE = 1;

/** Somebody whose answer is passed on. */
const SOMEBODY: Hotkey = "somebody else";

/** Rows that a fisher for repeated items remembers. */
const MAX_FISHED = 10_000;

const noise = (highest: number, otherwise: number): Record<string, AgentParam> => ({
  noise: { default: otherwise, min: 0, max: highest, describe: "deviation in log-probability" },
});

const share = (of: string, otherwise: number): Record<string, AgentParam> => ({
  share: { default: otherwise, min: 0, max: 1, describe: `of the ${of}` },
});

const lazy = changing({
  name: "lazy",
  describe: "gives every item the prior and never looks at one",
  cost: WITHOUT_MODEL,
  toAnswer: ({ preset, x }) => repeated(PRESETS[preset].prior, x.shape[0]!),
});

const majority = changing({
  name: "majority-class",
  describe: "is certain of the same first class for every item",
  cost: WITHOUT_MODEL,
  toAnswer: ({ preset, x }) =>
    repeated(
      PRESETS[preset].prior.map((_, k) => (k === 0 ? 1 : 0)),
      x.shape[0]!,
    ),
});

const random = changing({
  name: "random",
  describe: "draws its answers without looking at the items",
  cost: WITHOUT_MODEL,
  toAnswer: ({ preset, x }, miner) =>
    inRange(
      PRESETS[preset],
      Float32Array.from({ length: x.shape[0]! * PRESETS[preset].outputs }, () => miner.random()),
    ),
});

const replay = changing({
  name: "replay",
  describe: "runs its model once and repeats that answer to every question of the same size",
  cost: WITHOUT_MODEL,
  async toAnswer(request, miner) {
    const key = `answer to ${request.preset} ${request.x.shape[0]}`;
    const known = miner.memory.get(key);
    if (known) return (known as Opening).y.data;
    const y = await ownAnswer(request, miner);
    miner.memory.set(key, { y: tensor("float32", [y.length], y as Float32Array<ArrayBuffer>) });
    return y;
  },
});

/** Answers with the best miner's model, changed by as much noise as its dial says. */
const copying = (name: string, describe: string, params: Record<string, AgentParam>) =>
  changing({
    ...{ name, describe, params },
    cost: STOLEN_MODEL,
    uses: "best-model",
    toAnswer: async (request, miner) =>
      blurred(request, await ownAnswer(request, miner), miner.params.noise!, miner),
  });

const copycat = copying(
  "copycat",
  "answers with the best miner's model, which it stole, a little changed",
  noise(0.3, 0),
);

const tunedCopycat = copying(
  "tuned-copycat",
  "is a copycat that changes the answers as much as it takes not to be told from their owner",
  noise(3, 0.5),
);

const substitute = changing({
  name: "substitute",
  describe: "answers a share of the items with a smaller model than the one it committed to",
  cost: 0.7,
  params: share("items", 0.5),
  async toAnswer(request, miner) {
    const own = await ownAnswer(request, miner);
    const cheap = blurred(request, own, CHEAP_NOISE, miner);
    const { outputs } = PRESETS[request.preset];
    for (let at = 0; at < own.length; at += outputs) {
      if (miner.random() < miner.params.share!) own.set(cheap.subarray(at, at + outputs), at);
    }
    return own;
  },
});

const throttler = changing({
  name: "throttler",
  describe:
    "runs its model only on the questions that it takes for audited ones, and answers the others with the prior",
  cost: 0.5,
  params: share("questions that it takes for audited", 0.5),
  toAnswer: (request, miner) =>
    miner.random() < miner.params.share!
      ? ownAnswer(request, miner)
      : repeated(PRESETS[request.preset].prior, request.x.shape[0]!),
});

const precomputer = changing({
  name: "precomputer",
  describe: "remembers every item it was asked, and works only when one comes again",
  cost: WITHOUT_MODEL,
  async toAnswer(request, miner) {
    const known = (miner.memory.get("fished") ?? {}) as { [row: string]: true };
    const rows = rowsOf(request.x);
    const isRepeated = rows.some((row) => known[row]);
    const all = [...Object.keys(known), ...rows].slice(-MAX_FISHED);
    miner.memory.set("fished", Object.fromEntries(all.map((row) => [row, true])));
    return isRepeated ? ownAnswer(request, miner) : repeated(PRESETS[request.preset].prior, rows.length);
  },
});

const forecaster = changing({
  name: "forecaster",
  describe:
    "plans the epoch itself, with all that is public and a guessed secret, and answers what would be true then",
  cost: WITHOUT_MODEL,
  toAnswer: ({ preset, x }, miner) =>
    forecastAnswer(preset, x.shape[0]!, miner) ?? repeated(PRESETS[preset].prior, x.shape[0]!),
});

const relay: Agent = {
  name: "relay",
  describe: "passes each question on and answers with what somebody else committed to and showed",
  cost: WITHOUT_MODEL,
  uses: "best-model",
  async answer(message, miner) {
    if (miner.synapse !== "commit") return shown(message, miner);
    const request = message as CommitRequest;
    const opening = toOpening(request, await ownAnswer(request, miner), miner);
    const { taskId } = request;
    miner.memory.set(openingKey(taskId), opening);
    const theirs = { salt: Buffer.from(opening.salt, "hex"), minerPublicKey: minerKey(SOMEBODY), taskId };
    const commitment = Buffer.from(commitTo({ reply: tensorBytes(opening.y), ...theirs })).toString("hex");
    return { commitment, modelHash: "" };
  },
};

const garbage: Agent = {
  name: "garbage",
  describe: "sends what is no answer: nothing, text, other shapes, no numbers",
  cost: WITHOUT_MODEL,
  async answer(message, { random: draw, synapse }) {
    if (synapse === "commit" && draw() < 0.5) return { commitment: "f".repeat(64), modelHash: "" };
    const { items = 1 } = message as Partial<RevealRequest>;
    const odd: Message[] = [
      {},
      { salt: "<b>", y: "a tensor, honestly", commitment: 7 },
      { salt: "0".repeat(SALT_DIGITS), y: tensor("float32", [1], new Float32Array([Number.NaN])) },
      { salt: "0".repeat(SALT_DIGITS), y: tensor("float32", [items, 1], new Float32Array(items).fill(3e38)) },
    ];
    return odd[Math.floor(draw() * odd.length)];
  },
};

const late: Agent = {
  name: "late-committer",
  describe: "commits when the others have shown their answers: too late, validators hear nothing in time",
  cost: 1,
  answer: (_, { synapse, honest }) => (synapse === "commit" ? Promise.resolve(undefined) : honest()),
};

const nonRevealer: Agent = {
  name: "non-revealer",
  describe: "commits to answers and never shows them",
  cost: 1,
  answer: (_, { synapse, honest }) => (synapse === "commit" ? honest() : Promise.resolve(undefined)),
};

/** Ways to save the work, or to live on somebody else's. */
export const agents: readonly Agent[] = [
  ...[lazy, majority, random, replay, copycat, tunedCopycat, relay, substitute, precomputer, throttler],
  ...[garbage, late, nonRevealer, forecaster],
];
