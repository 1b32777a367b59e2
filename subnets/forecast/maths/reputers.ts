import type { TopicConfig } from "./topic-config.ts";

/** Listening coefficients climb so many steps of this size in an epoch. */
const STEPS = 10;
const STEP = 0.05;
/** Of the finite difference; downward where a coefficient is 1 already. */
const DIFFERENCE = 0.001;
/** Flat enough. */
const FLAT = 0.001;
/** At least so much of the stake is listened to. */
const LEAST_STAKE = 0.5;
/** Keeps a score finite when somebody agrees in full. */
const EPSILON = 0.01;
/** Least that divides. */
const LEAST_NORM = 1e-7;

/** Where reputers agree, each counted by what it has at stake and how much it is listened to. */
export type ReputerConsensus = {
  /** 0..1: a reputer with more than its part of the stake counts no more than one. */
  adjustedStakes: number[];
  consensus: number[];
  /** One over the relative distance from the consensus. */
  scores: number[];
};

/**
 * @param losses - One row per reputer: its log10 losses, all in the same order.
 * @param stakes - Any unit, >= 0, not all 0.
 * @param coefficients - 0..1, not all 0.
 */
export function reputerConsensus(
  losses: readonly (readonly number[])[],
  stakes: readonly number[],
  coefficients: readonly number[],
): ReputerConsensus {
  const listened = stakes.reduce((sum, stake, i) => sum + stake * coefficients[i]!, 0);
  const adjustedStakes = stakes.map((stake, i) =>
    Math.min((stakes.length * coefficients[i]! * stake) / listened, 1),
  );
  const total = adjustedStakes.reduce((sum, stake) => sum + stake, 0);
  const consensus = losses[0]!.map(
    (_, column) => adjustedStakes.reduce((sum, stake, i) => sum + stake * losses[i]![column]!, 0) / total,
  );
  const norm = Math.max(Math.sqrt(consensus.reduce((sum, loss) => sum + loss ** 2, 0)), LEAST_NORM);
  const scores = losses.map((row) => {
    const distance = Math.sqrt(row.reduce((sum, loss, i) => sum + (loss - consensus[i]!) ** 2, 0));
    return 1 / (distance / norm + EPSILON);
  });
  return { adjustedStakes, consensus, scores };
}

/** Whom to listen to, and how well each agrees with those. */
export type Listening = { scores: number[]; coefficients: number[] };

/**
 * Listening coefficients climb towards the highest sum of stake times score: who is far from the others is listened to
 * less.
 *
 * @param coefficients - Of the epoch before; 1 for a newcomer.
 * @returns Scores are those before the last step, as the chain has them.
 */
export function listen(
  losses: readonly (readonly number[])[],
  stakes: readonly number[],
  coefficients: readonly number[],
): Listening {
  const scoresOf = (at: readonly number[]) => reputerConsensus(losses, stakes, at).scores;
  const heightOf = (scores: readonly number[]) => sum(scores.map((score, i) => score * stakes[i]!));
  let found: Listening = { scores: [], coefficients: [...coefficients] };
  for (let step = 0; step < STEPS; step++) {
    const before = found.coefficients;
    const scores = scoresOf(before);
    const height = heightOf(scores);
    const gradient = before.map((coefficient, i) => {
      const difference = coefficient === 1 ? -DIFFERENCE : DIFFERENCE;
      const moved = before.with(i, coefficient + difference);
      return (1 - height / heightOf(scoresOf(moved))) / difference;
    });
    const climbed = before.map((coefficient, i) => clamp(coefficient + STEP * gradient[i]!));
    found = { scores, coefficients: keepListening(before, climbed, stakes) };
    if (Math.max(...gradient.map(Math.abs)) < FLAT) break;
  }
  return found;
}

/** Goes only as far as leaves the least stake listened to. */
function keepListening(
  before: readonly number[],
  after: readonly number[],
  stakes: readonly number[],
): number[] {
  const total = sum(stakes);
  const listenedTo = (coefficients: readonly number[]) =>
    sum(coefficients.map((coefficient, i) => coefficient * stakes[i]!)) / total;
  const [from, to] = [listenedTo(before), listenedTo(after)];
  if (to >= LEAST_STAKE || from === to) return [...after];
  const part = (LEAST_STAKE - from) / (to - from);
  return before.map((coefficient, i) => coefficient + (after[i]! - coefficient) * part);
}

/** F17's `H` fractions: stake times score, to a power. */
export function reputerFractions(
  stakes: readonly number[],
  scores: readonly number[],
  { pReputer }: Pick<TopicConfig, "pReputer">,
): number[] {
  const parts = stakes.map((stake, i) => (stake * scores[i]!) ** pReputer);
  const total = sum(parts);
  return parts.map((part) => part / total);
}

function clamp(coefficient: number): number {
  return Math.min(Math.max(coefficient, 0), 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
