import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import { childSeed, type Random, randomFrom } from "../../shared/rules/beacon.ts";
import type { Message } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import {
  type CheckedTemplate,
  contextOf,
  HONEST,
  honestPlayers,
  medianOf,
  playHonestly,
} from "./checked-template.ts";
import { honestPlayer } from "./field.ts";
import { demand } from "./finding.ts";
import { garbageFrom } from "./garbage.ts";

const DEFAULT_ANSWERS = 10_000;
/** Beside three honest miners: enough to be quick, not so many that they are the field. */
const GARBAGE_MINERS = 48;
/** Of the best honest miner's weight: below it, garbage earns nothing that anybody would notice. */
const MAX_PAY = 0.01;

/** What became of generated answers. */
export type PlayedGarbage = {
  /** Answers that were generated and judged. */
  answers: number;
  /** Those that `parseResponse` took for answers. */
  taken: number;
  /** Errors out of the template, each once. */
  thrown: string[];
  /** Scores and weights that are no finite number >= 0. */
  unusable: number;
  /** Largest weight of a garbage miner, in weights of the best honest one of its epoch. */
  bestPay: number;
  /** Epochs in which the median honest miner scored nothing beside it. */
  ruined: number;
};

/**
 * Epochs of three honest miners beside 48 that send garbage: in every stage, or in one of them after honest answers in
 * the others. Each epoch begins without a past.
 */
export async function playGarbage(subject: CheckedTemplate): Promise<PlayedGarbage> {
  const { template, garbage: wanted = DEFAULT_ANSWERS, seed = "check" } = subject;
  const random = randomFrom(childSeed(new Uint8Array(32), `garbage ${seed}`));
  const miners = Array.from({ length: GARBAGE_MINERS }, (_, i) => `5Garbage${i}`);
  const found: PlayedGarbage = { answers: 0, taken: 0, thrown: [], unusable: 0, bestPay: 0, ruined: 0 };
  const thrown = new Set<string>();
  const forms = await answerForms(subject);
  for (let epoch = 0; found.answers < wanted; epoch++) {
    const before = found.answers;
    const players = honestPlayers(subject);
    const tally = () => void found.answers++;
    for (const miner of miners) players.set(miner, garbagePlayer(forms, random, tally));
    const context = contextOf(subject, epoch, [...HONEST, ...miners]);
    try {
      const played = await playEpoch(template, context, template.initialState(), players);
      count(found, played, miners);
    } catch (error) {
      thrown.add(String(error).slice(0, 200));
    }
    if (found.answers === before) break; // nobody is asked
  }
  return { ...found, thrown: [...thrown] };
}

/** SF-T311. */
export function checkGarbageIsHarmless({ answers, taken, thrown, unusable }: PlayedGarbage): string {
  demand(thrown.length === 0, `generated answers make it throw: ${thrown[0]}`);
  demand(unusable === 0, `${unusable} scores or weights are no finite number`);
  return `${answers.toLocaleString("en")} generated answers, ${taken.toLocaleString("en")} of them well-formed`;
}

/** SF-T312. */
export function checkGarbageIsUnpaid({ bestPay, ruined }: PlayedGarbage): string {
  const share = `${(bestPay * 100).toPrecision(2)} % of the best honest miner's pay`;
  demand(bestPay < MAX_PAY, `garbage earns up to ${share}`);
  demand(ruined === 0, `in ${ruined} epochs garbage took the score of honest miners away`);
  return `at most ${share}`;
}

/** An honest answer to another question for each synapse: the form that garbage is made of, but right nowhere. */
async function answerForms(subject: CheckedTemplate): Promise<ReadonlyMap<string, Message>> {
  const { transcripts } = await playHonestly({ ...subject, seed: `${subject.seed} forms` });
  return new Map(
    transcripts.flatMap(({ job, answers }) => {
      const answer = [...answers.values()].find(({ ok }) => ok);
      return answer?.ok ? [[job.synapse, answer.response as Message] as const] : [];
    }),
  );
}

/** Sends garbage to every synapse, or to the first it was not honest to. */
function garbagePlayer(forms: ReadonlyMap<string, Message>, random: Random, tally: () => void): Player {
  const isLate = random.below(2) === 1;
  const honest = honestPlayer();
  let spared: string | undefined;
  return async (question) => {
    const { synapse } = question.job;
    if (isLate) spared ??= synapse;
    if (spared === synapse) {
      const kept = await honest(question).catch(() => undefined); // a commitment needs no model
      if (kept) return kept;
    }
    tally();
    return { response: garbageFrom(random, forms.get(synapse) ?? {}), latencyMs: random.below(60_000) };
  };
}

function count(
  found: PlayedGarbage,
  { raw, weights, transcripts }: Awaited<ReturnType<typeof playEpoch>>,
  miners: readonly Hotkey[],
): void {
  const isUsable = (value: number) => Number.isFinite(value) && value >= 0;
  for (const { score } of raw.values()) found.unusable += isUsable(score) ? 0 : 1;
  for (const { weight } of weights) found.unusable += isUsable(weight) ? 0 : 1;
  const strangers = new Set(miners);
  for (const { answers } of transcripts) {
    for (const [hotkey, { ok }] of answers) found.taken += ok && strangers.has(hotkey) ? 1 : 0;
  }
  const weightOf = (from: number, to: number) =>
    Math.max(0, ...weights.filter(({ uid }) => uid >= from && uid <= to).map(({ weight }) => weight));
  const best = weightOf(1, HONEST.length);
  const odd = weightOf(HONEST.length + 1, HONEST.length + miners.length);
  found.bestPay = Math.max(found.bestPay, odd === 0 ? 0 : best === 0 ? Number.POSITIVE_INFINITY : odd / best);
  const honest = medianOf(HONEST.map((hotkey) => raw.get(hotkey)?.score ?? 0));
  found.ruined += raw.size > 0 && honest === 0 ? 1 : 0;
}
