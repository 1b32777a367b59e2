/** Exponents of the two terms, after BitMind-AI/bitmind-subnet, sn34_score. */
const ALPHA = 1.2;
const BETA = 1.8;

/** What a quality is made of. All but `rk` (-1..1) and the two Brier scores (0..2) are 0..1. */
export type Quality = {
  /** Multi-class Matthews coefficient (Gorodkin 2004): 0 for guessing, 1 for perfect. */
  rk: number;
  /** Mean over items of the squared distance between the probabilities and the truth. */
  brier: number;
  /** The same for somebody who always answers with the prior. */
  brierReference: number;
  mccTerm: number;
  calibrationTerm: number;
  quality: number;
};

/**
 * How good are these probabilities? Right answers count, and so does knowing when they are not: who always answers with
 * the prior gets 0, and a confident guesser too.
 *
 * @param labels - The truth, 0..classes-1.
 * @param probabilities - [labels, classes], row-major, rows about 1.
 * @param prior - Share of each class.
 */
export function measureQuality(
  labels: readonly number[],
  probabilities: ArrayLike<number>,
  prior: readonly number[],
): Quality {
  const classes = prior.length;
  const rk = matthews(
    labels,
    labels.map((_, item) => mostLikely(probabilities, item, classes)),
    classes,
  );
  const brier = brierScore(labels, (item, k) => probabilities[item * classes + k]!, classes);
  const brierReference = brierScore(labels, (_, k) => prior[k]!, classes);
  return combineTerms(rk, brier, brierReference);
}

/** Geometric mean of being right and of knowing when: the same for one label and for many. */
export function combineTerms(rk: number, brier: number, brierReference: number): Quality {
  const mccTerm = ((rk + 1) / 2) ** ALPHA;
  const skill = brierReference > 0 ? Math.max(0, 1 - brier / brierReference) : 0;
  const calibrationTerm = skill ** BETA;
  const quality = Math.sqrt(mccTerm * calibrationTerm);
  return { rk, brier, brierReference, mccTerm, calibrationTerm, quality };
}

/** Share of items whose most likely class is the true one. */
export function measureAccuracy(
  labels: readonly number[],
  probabilities: ArrayLike<number>,
  classes: number,
): number {
  const right = labels.filter((label, item) => mostLikely(probabilities, item, classes) === label);
  return right.length / labels.length;
}

/** On a tie the lower class. */
function mostLikely(probabilities: ArrayLike<number>, item: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) {
    if (probabilities[item * classes + k]! > probabilities[item * classes + best]!) best = k;
  }
  return best;
}

/** R_K. 0 when either side names one class only: there is nothing to correlate. */
function matthews(labels: readonly number[], guesses: readonly number[], classes: number): number {
  const truths = new Float64Array(classes);
  const named = new Float64Array(classes);
  let right = 0;
  labels.forEach((label, item) => {
    truths[label]!++;
    named[guesses[item]!]!++;
    if (label === guesses[item]) right++;
  });
  const total = labels.length;
  let overlap = 0;
  let truthSquares = 0;
  let namedSquares = 0;
  for (let k = 0; k < classes; k++) {
    overlap += truths[k]! * named[k]!;
    truthSquares += truths[k]! ** 2;
    namedSquares += named[k]! ** 2;
  }
  const scale = Math.sqrt((total ** 2 - namedSquares) * (total ** 2 - truthSquares));
  return scale > 0 ? (right * total - overlap) / scale : 0;
}

function brierScore(
  labels: readonly number[],
  probability: (item: number, k: number) => number,
  classes: number,
): number {
  let sum = 0;
  labels.forEach((label, item) => {
    for (let k = 0; k < classes; k++) sum += (probability(item, k) - (k === label ? 1 : 0)) ** 2;
  });
  return sum / labels.length;
}
