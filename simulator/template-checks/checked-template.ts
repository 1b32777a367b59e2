import { type PlayedEpoch, type Player, playEpoch } from "../../shared/play-epoch.ts";
import type { EpochContext, SubnetTemplate, Transcript } from "../../shared/template.ts";
import type { Hotkey, Json } from "../../shared/types.ts";
import { createContext, honestPlayer, type Model } from "./field.ts";
import { demand } from "./finding.ts";
import { toComparable } from "./to-comparable.ts";

/** What is checked, and how thoroughly. */
export type CheckedTemplate = {
  template: SubnetTemplate;
  /** Input of `parseConfig`. */
  config: unknown;
  /** Of honest miners, best first. Empty: miners need none. */
  models: readonly Model[];
  /** How often the same answers are scored. Default 1,000. */
  repeats?: number;
  /** Generated answers. Default 10,000. */
  garbage?: number;
  /** Decides what is drawn. */
  seed?: string;
};

/** Epochs until a template that waits for its truth has scored somebody. */
const MAX_EPOCHS = 8;

/** A template with honest miners, as far as the first epoch that scored somebody. */
export type HonestEpoch = {
  context: EpochContext;
  /** Before the epoch was scored. */
  state: Json;
  transcripts: Transcript[];
  played: PlayedEpoch<Json>;
};

export const HONEST: readonly Hotkey[] = ["5HonestA", "5HonestB", "5HonestC"];

/** The best half of the models: honest work is judged by miners that are good at it. */
export function honestPlayers({ models }: CheckedTemplate): Map<Hotkey, Player> {
  const best = models.slice(0, HONEST.length);
  return new Map(HONEST.map((hotkey, i) => [hotkey, honestPlayer(best[i % Math.max(1, best.length)])]));
}

export function contextOf(
  { template, config, seed = "check" }: CheckedTemplate,
  epoch: number,
  miners: readonly Hotkey[] = HONEST,
): EpochContext {
  return createContext(miners, epoch, seed, template.parseConfig(config));
}

/** @throws CheckFailed when nobody is scored within `MAX_EPOCHS`, and what the template throws */
export async function playHonestly(subject: CheckedTemplate): Promise<HonestEpoch> {
  return await playUntilScored(subject, honestPlayers(subject));
}

/**
 * Epochs from the first on, until one scored somebody: what is asked in one may be judged epochs later.
 *
 * @param options.miners - Who is registered. Default: the honest ones.
 * @param options.onEpoch - Called with each.
 * @throws CheckFailed when nobody is scored within `MAX_EPOCHS`, and what the template throws
 */
export async function playUntilScored(
  subject: CheckedTemplate,
  players: ReadonlyMap<Hotkey, Player>,
  options: { from?: number; miners?: readonly Hotkey[]; onEpoch?: (played: PlayedEpoch<Json>) => void } = {},
): Promise<HonestEpoch> {
  const { template } = subject;
  const { from = 0, miners = HONEST, onEpoch } = options;
  let state = template.initialState();
  let pending: PlayedEpoch<Json>["pending"] = [];
  for (let epoch = from; epoch < from + MAX_EPOCHS; epoch++) {
    const now = contextOf(subject, epoch, miners);
    const played = await playEpoch(template, now, state, players, { pending });
    const { context, transcripts } = played;
    onEpoch?.(played);
    if (played.raw.size > 0) return { context, state, transcripts, played };
    ({ state, pending } = played);
  }
  demand(false, `nobody is scored within ${MAX_EPOCHS} epochs of honest work`);
}

/** Everything that scoring gives, as text: equal when every score, reason, fact and byte of the state is. */
export function scoresAsText({ raw, state, evidence }: ReturnType<SubnetTemplate["scoreEpoch"]>): string {
  const byHotkey = [...raw].sort(([a], [b]) => (a < b ? -1 : 1));
  const facts = evidence.map((entry) => toComparable(entry)).sort();
  return toComparable([byHotkey, state, facts]);
}

/** The middle one; of an even number the lower of the two in the middle. 0 when there is none. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length / 2) - 1)] ?? 0;
}
