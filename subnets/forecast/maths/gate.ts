import { type RewardMap, scoreFractions } from "./rewards.ts";
import { deviation, mean } from "./statistics.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { RevealedForecast } from "./types.ts";

/*
 * What plain Allora lacks to pay in a subnet: one value counts once however many reveal it (F18), who is no better than
 * repeating the last truth is not paid (F19), and pay follows a longer record than one epoch (F20).
 */

/** Keeps t finite when all differences are the same. */
const LEAST_ERROR = 1e-9;

/** How near two values are one. `relative` is of the larger. */
export type Sameness = { absolute: number; relative: number };

/** A value and who brought it; `registeredAt` is a block. */
export type Claimed = { id: string; value: number; registeredAt: number };

/**
 * F18: who said the same. Taken by registration, then by id; each joins the first group whose leader said it.
 *
 * @returns Groups in the order of their leaders, the leader first.
 */
export function groupReveals<Reveal extends Claimed>(reveals: readonly Reveal[], same: Sameness): Reveal[][] {
  return groupBy(reveals, (a, b) => isSame(a.value, b.value, same));
}

/** F18 for forecasters: the same losses of the same inferers. */
export function groupForecasts(forecasts: readonly RevealedForecast[], same: Sameness): RevealedForecast[][] {
  return groupBy(
    forecasts,
    (a, b) =>
      a.elements.length === b.elements.length &&
      a.elements.every(({ id, log10Loss }, at) => {
        const other = b.elements[at]!;
        return id === other.id && isSame(log10Loss, other.log10Loss, same);
      }),
  );
}

function groupBy<Reveal extends { id: string; registeredAt: number }>(
  reveals: readonly Reveal[],
  isOne: (leader: Reveal, reveal: Reveal) => boolean,
): Reveal[][] {
  const groups: Reveal[][] = [];
  for (const reveal of reveals.toSorted(bySeniority)) {
    const group = groups.find(([leader]) => isOne(leader!, reveal));
    if (group) group.push(reveal);
    else groups.push([reveal]);
  }
  return groups;
}

function isSame(a: number, b: number, { absolute, relative }: Sameness): boolean {
  return Math.abs(a - b) <= Math.max(absolute, relative * Math.max(Math.abs(a), Math.abs(b)));
}

/** Earlier registered first, then by id. */
export function bySeniority(
  a: { id: string; registeredAt: number },
  b: { id: string; registeredAt: number },
): number {
  return a.registeredAt - b.registeredAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The limits of F19. */
export type SkillLimits = Pick<TopicConfig, "gateWindow" | "gateEpochs" | "gatePass" | "gateFallback">;

/**
 * F19: is a worker better than persistence, beyond luck?
 *
 * @param differences - Log10 loss of persistence minus the worker's, newest last.
 * @returns `t` of the paired differences, 0 while there are too few.
 */
export function skillGate(
  differences: readonly number[],
  { gateWindow, gateEpochs, gatePass }: SkillLimits,
): { t: number; passes: boolean } {
  const looked = differences.slice(-gateWindow);
  if (looked.length < gateEpochs) return { t: 0, passes: false };
  const t = mean(looked) / (deviation(looked) / Math.sqrt(looked.length) + LEAST_ERROR);
  return { t, passes: t > gatePass };
}

/**
 * F20: shares of the eligible, from their moving averages, over their own spread.
 *
 * @returns As many as there are averages; 0 for who is not eligible.
 */
export function gatedFractions(
  averages: readonly number[],
  eligible: readonly boolean[],
  map: RewardMap,
): number[] {
  const paid = averages.filter((_, i) => eligible[i]);
  const fractions = scoreFractions(paid, paid, map);
  let next = 0;
  return eligible.map((isEligible) => (isEligible ? fractions[next++]! : 0));
}
