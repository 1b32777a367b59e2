import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import type { Message } from "../../shared/template.ts";
import type { Json } from "../../shared/types.ts";
import {
  type CheckedTemplate,
  contextOf,
  HONEST,
  type HonestEpoch,
  honestPlayers,
  medianOf,
  playUntilScored,
  scoresAsText,
} from "./checked-template.ts";
import { toParticipant } from "./field.ts";
import { demand } from "./finding.ts";

const DEFAULT_REPEATS = 1_000;
const STATE_EPOCHS = 6;
/** What a validator writes down after each epoch. */
const MAX_STATE_BYTES_EACH = 16_384;
const ODD = "5Odd";

/** SF-T307. */
export function checkRepeats(
  subject: CheckedTemplate,
  { context, transcripts, state, played }: HonestEpoch,
): string {
  const { template, repeats = DEFAULT_REPEATS } = subject;
  const expected = scoresAsText(played);
  for (let i = 0; i < repeats; i++) {
    const again = scoresAsText(template.scoreEpoch(context, transcripts, state));
    demand(again === expected, `time ${i + 1} gives other scores than the first`);
  }
  const turned = transcripts.map((transcript) => ({
    ...transcript,
    answers: new Map([...transcript.answers].reverse()),
  }));
  const other = scoresAsText(template.scoreEpoch(context, turned, state));
  demand(other === expected, "scores depend on the order in which answers came in");
  return `${repeats.toLocaleString("en")} repeats`;
}

/** SF-T308. */
export function checkRange(_: CheckedTemplate, { context, played }: HonestEpoch): string {
  const { raw, weights } = played;
  const known = new Set(context.participants.map(({ uid }) => uid));
  for (const [hotkey, { score }] of raw) {
    demand(Number.isFinite(score) && score >= 0, `the score of ${hotkey} is ${score}`);
    demand(HONEST.includes(hotkey), `${hotkey} has a score and was not asked`);
  }
  for (const { uid, weight } of weights) {
    demand(Number.isFinite(weight) && weight >= 0, `the weight of uid ${uid} is ${weight}`);
    demand(known.has(uid), `uid ${uid} has a weight and nobody holds it`);
  }
  demand(new Set(weights.map(({ uid }) => uid)).size === weights.length, "a uid has two weights");
  const scores = [...raw.values()].map(({ score }) => score);
  return `honest scores ${rounded(Math.min(...scores))} to ${rounded(Math.max(...scores))}`;
}

/** SF-T309. */
export function checkPay(_: CheckedTemplate, { played }: HonestEpoch): string {
  const median = medianOf([...played.raw.values()].map(({ score }) => score));
  demand(median > 0, "the median honest miner scores 0");
  demand(
    played.weights.some(({ weight }) => weight > 0),
    "nobody gets a weight",
  );
  return `the median honest miner scores ${rounded(median)}`;
}

/** SF-T310. */
export async function checkEmpty(subject: CheckedTemplate): Promise<string> {
  const miners = [...HONEST, ODD];
  let worst = 0;
  for (const [what, response] of [
    ["no answer", undefined],
    ["an empty answer", {}],
  ] as const) {
    const odd: Player = async () => ({ response: response as Message | undefined, latencyMs: 1 });
    const players = new Map([...honestPlayers(subject), [ODD, odd] as const]);
    const { raw, weights } = (await playUntilScored(subject, players, { from: 1, miners })).played;
    const median = medianOf(HONEST.map((hotkey) => raw.get(hotkey)?.score ?? 0));
    const score = raw.get(ODD)?.score ?? 0;
    const paid = weights.find(({ uid }) => uid === HONEST.length + 1)?.weight ?? 0;
    demand(
      score < median || score === 0,
      `${what} scores ${rounded(score)}: the median honest one ${rounded(median)}`,
    );
    demand(paid === 0, `${what} is paid: weight ${rounded(paid)}`);
    worst = Math.max(worst, score);
  }
  return `it scores ${rounded(worst)}`;
}

/** SF-T313. */
export async function checkState(subject: CheckedTemplate, first: HonestEpoch): Promise<string> {
  const { template } = subject;
  const players = honestPlayers(subject);
  const stored = JSON.parse(JSON.stringify(first.played.state)) as Json;
  demand(
    JSON.stringify(stored) === JSON.stringify(first.played.state) && isJson(first.played.state),
    "the state is another one after a file",
  );
  const next = contextOf(subject, first.context.epoch + 1);
  const [a, b] = [
    await playEpoch(template, next, first.played.state, players),
    await playEpoch(template, next, stored, honestPlayers(subject)),
  ];
  demand(scoresAsText(a) === scoresAsText(b), "a state from a file scores differently");
  let state = template.initialState();
  let largest = 0;
  for (let epoch = 0; epoch < STATE_EPOCHS; epoch++) {
    ({ state } = await playEpoch(template, contextOf(subject, epoch), state, players));
    largest = Math.max(largest, Buffer.byteLength(JSON.stringify(state)));
  }
  const limit = MAX_STATE_BYTES_EACH * HONEST.length;
  demand(largest <= limit, `the state has ${largest} bytes after ${STATE_EPOCHS} epochs of three miners`);
  const context = contextOf(subject, STATE_EPOCHS);
  const left = HONEST[0]!;
  const participants = [
    ...context.participants.filter(({ hotkey }) => hotkey !== left),
    toParticipant("5New", 1),
  ];
  const others = new Map([...players].filter(([hotkey]) => hotkey !== left));
  const after = await playEpoch(template, { ...context, participants }, state, others);
  demand(!JSON.stringify(after.state).includes(left), "a hotkey that lost its slot is still in the state");
  demand(
    !after.weights.some(({ uid, weight }) => uid === 1 && weight > 0),
    "a uid's new owner inherits its pay",
  );
  return `${largest} bytes after ${STATE_EPOCHS} epochs`;
}

/** SF-T314. */
export function checkParsers(subject: CheckedTemplate, { played }: HonestEpoch): string {
  const { template, seed = "check" } = subject;
  const random = randomFrom(childSeed(new Uint8Array(32), `parsers ${seed}`));
  let taken = 0;
  const names = new Set<string>();
  for (const { job, answers } of played.transcripts) {
    if (job.to === "source" || names.has(job.synapse)) continue;
    names.add(job.synapse);
    const synapse = template.synapses[job.synapse]!;
    for (let i = 0; i < 200; i++) {
      const message = { [`x${random.below(9)}_`]: random.uniform() } as Message;
      taken += doesTake(() => synapse.parseRequest(message)) ? 1 : 0;
    }
    demand(taken === 0, `parseRequest of ${job.synapse} takes messages that are no question`);
    demand(answers.size > 0, `nobody answered ${job.synapse}`);
  }
  return `${names.size} synapses`;
}

function doesTake(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

/** Nothing that JSON drops in silence: undefined, functions, numbers that are none, maps. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  const isPlain = typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value as object).every(isJson);
}

function rounded(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
