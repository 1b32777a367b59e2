import { deviation } from "./statistics.ts";
import type { TopicConfig } from "./topic-config.ts";
import { potential } from "./weights.ts";

/** Entropy of a class with one member (F14). */
const LONE_ENTROPY = Math.LN2 / 4;
/** F15: the part of forecasters without any use, what a ratio adds, and the most. */
const CHI_LEAST = 0.1;
const CHI_SLOPE = 0.4;

/** F10. @param forecasters - How many there are, at least one. */
export function oneInShare(forecasters: number): number {
  return 2 ** -(forecasters - 1);
}

/** F10: what the others gain by this forecaster, alone among inferers and together with its peers. */
export function forecasterScore(
  losses: { naive: number; oneIn: number; oneOut: number; network: number },
  forecasters: number,
): number {
  const share = oneInShare(forecasters);
  return share * (losses.naive - losses.oneIn) + (1 - share) * (losses.oneOut - losses.network);
}

/** What maps scores to shares. */
export type RewardMap = Pick<TopicConfig, "pReward" | "cReward" | "epsilon">;

/**
 * F13: shares of a class, which sum to 1.
 *
 * @param history - Scores that the spread is taken over: where it is under epsilon, all get the same.
 */
export function scoreFractions(
  latest: readonly number[],
  history: readonly number[],
  { pReward, cReward, epsilon }: RewardMap,
): number[] {
  const spread = deviation(history);
  const parts = latest.map((score) =>
    spread < epsilon ? 1 : potential(score / (spread + epsilon), pReward, cReward),
  );
  const total = parts.reduce((sum, part) => sum + part, 0);
  // All so far below their spread that no double holds the potential: nobody stands out.
  return parts.map((part) => (total > 0 ? part / total : 1 / parts.length));
}

/**
 * F14: the effective number of members, and the entropy of their shares. Of nobody it is 0.
 *
 * @param fractions - Smoothed, sum to about 1. The effective number is taken of them as they are, as the chain does: a
 * newcomer's share comes on top of the others'.
 * @param beta - Exponent of the effective share of members.
 */
export function entropyOf(fractions: readonly number[], beta: number): { nEff: number; entropy: number } {
  if (fractions.length === 0) return { nEff: 0, entropy: 0 };
  const total = fractions.reduce((sum, fraction) => sum + fraction, 0);
  const nEff = 1 / fractions.reduce((sum, fraction) => sum + fraction ** 2, 0);
  if (fractions.length === 1) return { nEff, entropy: LONE_ENTROPY };
  const plain = fractions.reduce((sum, fraction) => {
    const share = fraction / total;
    return sum - (share > 0 ? share * Math.log(share) : 0);
  }, 0);
  return { nEff, entropy: plain * (nEff / fractions.length) ** beta };
}

/** F15: what forecasters are good for. `ratio` is a moving average, `chi` their part. */
export type Utility = { taskScore: number; ratio: number; chi: number };

/**
 * F15.
 *
 * @param losses - Log10 losses of the naive and of the combined value.
 * @param alpha - Share of this epoch.
 */
export function forecastingUtility(
  losses: { naive: number; network: number },
  infererScores: readonly number[],
  previousRatio: number,
  alpha: number,
): Utility {
  const taskScore = losses.naive - losses.network;
  // As the chain does: the largest score starts from 0, and where it stays there the task's own size divides.
  const largest = Math.max(0, ...infererScores) || Math.abs(taskScore);
  const ratio = alpha * (largest > 0 ? taskScore / largest : 0) + (1 - alpha) * previousRatio;
  return { taskScore, ratio, chi: CHI_LEAST + CHI_SLOPE * Math.min(Math.max(ratio, 0), 1) };
}

/** F16: parts of the classes, which sum to 1. */
export type ClassSplit = { gamma: number; inferers: number; forecasters: number; reputers: number };

/** F16. @param entropies - F, G and H. */
export function splitClasses(
  { inferers: f, forecasters: g, reputers: h }: Record<"inferers" | "forecasters" | "reputers", number>,
  chi: number,
): ClassSplit {
  const weighted = (1 - chi) * f + chi * g;
  const all = f + g + h;
  if (weighted === 0) return { gamma: 1, inferers: 1, forecasters: 0, reputers: 0 };
  const gamma = (f + g) / weighted;
  return {
    gamma,
    inferers: ((1 - chi) * gamma * f) / all,
    forecasters: (chi * gamma * g) / all,
    reputers: h / all,
  };
}
