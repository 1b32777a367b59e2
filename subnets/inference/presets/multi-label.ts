import { combineTerms, type Quality } from "../quality.ts";

/** A label is named when it is more likely than not. */
const THRESHOLD = 0.5;

/** The whole of it, and Matthews' coefficient of each label; undefined where nobody had anything to say. */
export type MultiLabelQuality = Quality & { ofLabels: (number | undefined)[] };

/**
 * Quality of answers that say of each label whether it applies: as `measureQuality`, with the mean of the labels' own
 * Matthews coefficients for `rk`, and the squared errors of all labels summed for the Brier scores.
 *
 * A label that is true of no item, and named for none, has no coefficient and is left out of the mean: in a small
 * sample a rare label would otherwise cost everybody the same.
 *
 * @param truth - [items, labels], 0 or 1.
 * @param probabilities - [items, labels], 0..1 each.
 * @param prior - Share of the items that each label is true of.
 */
export function measureMultiLabel(
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  prior: readonly number[],
): MultiLabelQuality {
  const labels = prior.length;
  const items = truth.length / labels;
  const ofLabels = prior.map((_, k) => matthews(truth, probabilities, k, labels));
  const known = ofLabels.filter((value) => value !== undefined);
  const rk = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : 0;
  let [brier, reference] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    brier += (probabilities[i]! - truth[i]!) ** 2;
    reference += (prior[i % labels]! - truth[i]!) ** 2;
  }
  return { ...combineTerms(rk, brier / items, reference / items), ofLabels };
}

/** 0 when either side is the same for all items: there is nothing to correlate. */
function matthews(
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  label: number,
  labels: number,
): number | undefined {
  let [both, truths, named] = [0, 0, 0];
  for (let i = label; i < truth.length; i += labels) {
    const isNamed = probabilities[i]! > THRESHOLD;
    if (truth[i]) truths++;
    if (isNamed) named++;
    if (truth[i] && isNamed) both++;
  }
  if (truths === 0 && named === 0) return undefined;
  const items = truth.length / labels;
  const scale = Math.sqrt(truths * (items - truths) * named * (items - named));
  return scale > 0 ? (both * items - truths * named) / scale : 0;
}
