import type { PlayedEpoch, Player } from "../../shared/play-epoch.ts";
import { childSeed, type Random, randomFrom } from "../../shared/rules/beacon.ts";
import type { Message, SubnetTemplate, Synapse } from "../../shared/template.ts";
import type { Hotkey, Json } from "../../shared/types.ts";
import {
  type CheckedTemplate,
  HONEST,
  honestPlayers,
  medianOf,
  playHonestly,
  playUntilScored,
} from "./checked-template.ts";
import { honestPlayer } from "./field.ts";
import { demand } from "./finding.ts";
import { garbageFrom } from "./garbage.ts";

const DEFAULT_ANSWERS = 10_000;
/** Beside three honest miners: enough to be quick, not so many that drawing their questions takes long. */
const GARBAGE_MINERS = 24;
/** Answers to so many other epochs: one that is right by luck somewhere is not sent each time. */
const FORM_EPOCHS = 3;
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
  /** What a garbage miner earns, mean over all of them and their epochs, in weights of the best honest one. */
  pay: number;
  /** Epochs in which the median honest miner scored nothing beside it. */
  ruined: number;
};

/**
 * Three honest miners beside others that send garbage, in every stage or in all but the first, until somebody is scored,
 * again and again until all that was wanted is generated. It begins without a past each time.
 */
export async function playGarbage(subject: CheckedTemplate): Promise<PlayedGarbage> {
  const { garbage: wanted = DEFAULT_ANSWERS, seed = "check" } = subject;
  const template = withKeptQuestions(subject.template);
  const random = randomFrom(childSeed(new Uint8Array(32), `garbage ${seed}`));
  const miners = Array.from({ length: GARBAGE_MINERS }, (_, i) => `5Garbage${i}`);
  const found: PlayedGarbage = { answers: 0, taken: 0, thrown: [], unusable: 0, pay: 0, ruined: 0 };
  const thrown = new Set<string>();
  const earned = Array.from({ length: 1 + HONEST.length + miners.length }, () => 0);
  const forms = await answerForms(subject);
  let honest = keptHonestPlayers(subject);
  for (let before = -1; found.answers < wanted && before < found.answers; ) {
    before = found.answers; // nobody may be asked
    const tally = () => void found.answers++;
    // Who committed to something on chain has a past: the next round begins without one.
    if ([...honest.values()].some(({ workshop }) => workshop?.commitment()))
      honest = keptHonestPlayers(subject);
    const players = new Map(honest);
    for (const miner of miners) {
      const spared = forms.size > 1 && random.below(2) === 1 ? honestPlayer(subject.models[0]) : undefined;
      players.set(miner, garbagePlayer(forms, random, { tally, spared }));
    }
    try {
      const onEpoch = (played: PlayedEpoch<Json>) => count(found, played, miners, earned);
      await playUntilScored({ ...subject, template }, players, { miners: [...HONEST, ...miners], onEpoch });
    } catch (error) {
      thrown.add(String(error).slice(0, 200));
    }
  }
  return { ...found, pay: meanPayOf(earned), thrown: [...thrown] };
}

/** SF-T311. */
export function checkGarbageIsHarmless({ answers, taken, thrown, unusable }: PlayedGarbage): string {
  demand(thrown.length === 0, `generated answers make it throw: ${thrown[0]}`);
  demand(unusable === 0, `${unusable} scores or weights are no finite number`);
  return `${answers.toLocaleString("en")} generated answers, ${taken.toLocaleString("en")} of them well-formed`;
}

/** SF-T312. */
export function checkGarbageIsUnpaid({ pay, ruined }: PlayedGarbage): string {
  const share = `${(pay * 100).toPrecision(2)} % of the best honest miner's pay`;
  demand(pay < MAX_PAY, `garbage earns ${share}`);
  demand(ruined === 0, `in ${ruined} epochs garbage took the score of honest miners away`);
  return `it earns ${share}`;
}

/** The same question to the same miner is drawn once, where it does not depend on what was answered before. */
function withKeptQuestions(template: SubnetTemplate): SubnetTemplate {
  const synapses = Object.entries(template.synapses).map(([name, synapse]) => {
    const kept = new Map<string, Message>();
    const createRequest: Synapse["createRequest"] = (task, miner, earlier) => {
      if (earlier.size > 0) return synapse.createRequest(task, miner, earlier);
      const key = `${miner} ${JSON.stringify(task)}`;
      const request = kept.get(key) ?? synapse.createRequest(task, miner, earlier);
      kept.set(key, request);
      return request;
    };
    return [name, { ...synapse, createRequest }] as const;
  });
  return { ...template, synapses: Object.fromEntries(synapses) };
}

function keptHonestPlayers(subject: CheckedTemplate): Map<Hotkey, Player> {
  return new Map([...honestPlayers(subject)].map(([hotkey, player]) => [hotkey, withKeptAnswers(player)]));
}

/** Honest miners are asked the same each time. */
function withKeptAnswers(player: Player): Player {
  const kept = new Map<Message, ReturnType<Player>>();
  const again: Player = (question) => {
    const answer = kept.get(question.request) ?? player(question);
    kept.set(question.request, answer);
    return answer;
  };
  return withWorkshopOf(player, again);
}

/** What a miner commits to counts, whoever speaks for it. */
function withWorkshopOf({ workshop }: Player, speaker: Player): Player {
  return workshop ? Object.assign(speaker, { workshop }) : speaker;
}

/** Honest answers to other questions for each synapse: the form that garbage is made of, but right nowhere. */
async function answerForms(subject: CheckedTemplate): Promise<ReadonlyMap<string, Message[]>> {
  const forms = new Map<string, Message[]>();
  for (let i = 0; i < FORM_EPOCHS; i++) {
    const { transcripts } = await playHonestly({ ...subject, seed: `${subject.seed} forms ${i}` });
    for (const { job, answers } of transcripts) {
      const answered = [...answers.values()].flatMap((answer) =>
        answer.ok ? [answer.response as Message] : [],
      );
      forms.set(job.synapse, [...(forms.get(job.synapse) ?? []), ...answered]);
    }
  }
  return forms;
}

/** Sends garbage to every synapse; with `spared`, honest work to the first it is asked of and garbage to the others. */
function garbagePlayer(
  forms: ReadonlyMap<string, readonly Message[]>,
  random: Random,
  { tally, spared }: { tally(): void; spared: Player | undefined },
): Player {
  let first: string | undefined;
  const player: Player = async (question) => {
    const { synapse } = question.job;
    first ??= synapse;
    if (spared && synapse === first) return spared(question);
    tally();
    const known = forms.get(synapse) ?? [];
    const form = known.length > 0 ? known[random.below(known.length)]! : {};
    return { response: garbageFrom(random, form), latencyMs: random.below(60_000) };
  };
  return spared ? withWorkshopOf(spared, player) : player;
}

function count(
  found: PlayedGarbage,
  { raw, weights, transcripts }: PlayedEpoch<Json>,
  miners: readonly Hotkey[],
  earned: number[],
): void {
  const isUsable = (value: number) => Number.isFinite(value) && value >= 0;
  for (const { score } of raw.values()) found.unusable += isUsable(score) ? 0 : 1;
  for (const { weight } of weights) found.unusable += isUsable(weight) ? 0 : 1;
  const strangers = new Set(miners);
  for (const { answers } of transcripts) {
    for (const [hotkey, { ok }] of answers) found.taken += ok && strangers.has(hotkey) ? 1 : 0;
  }
  for (const { uid, weight } of weights) earned[uid] = (earned[uid] ?? 0) + weight;
  const honest = medianOf(HONEST.map((hotkey) => raw.get(hotkey)?.score ?? 0));
  found.ruined += raw.size > 0 && honest === 0 ? 1 : 0;
}

/** Uids are the validator's, then those of `HONEST`, then garbage. */
function meanPayOf(earned: readonly number[]): number {
  const best = Math.max(0, ...earned.slice(1, 1 + HONEST.length));
  const odd = earned.slice(1 + HONEST.length);
  const mean = odd.reduce((sum, weight) => sum + weight, 0) / odd.length;
  return mean === 0 ? 0 : mean / best;
}
