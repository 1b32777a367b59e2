/** A certainty and what was true. */
type Observation = { z: number; isFlawed: boolean };

/** What a certainty is worth: `sigmoid(scale * z + shift)`. */
type Fit = { scale: number; shift: number };

const ROUNDS = 12;
const HALVINGS = 10;

/** Keeps the fit finite where certainty parts the two without a mistake. */
const RIDGE = 0.05;

/**
 * What is a certainty worth? Fits `sigmoid(scale * z + shift)` to what was true (Platt 2000), by Newton's method. Steps
 * that would make it worse are halved.
 */
export function calibrate(observations: readonly Observation[]): Fit {
  let fit: Fit = { scale: 1, shift: 0 };
  let loss = lossOf(observations, fit);
  for (let round = 0; round < ROUNDS; round++) {
    const step = newtonStep(observations, fit);
    for (let halving = 0; halving < HALVINGS; halving++) {
      const size = 0.5 ** halving;
      const next = { scale: fit.scale - size * step.scale, shift: fit.shift - size * step.shift };
      const nextLoss = lossOf(observations, next);
      if (nextLoss >= loss) continue;
      [fit, loss] = [next, nextLoss];
      break;
    }
  }
  return fit;
}

function newtonStep(observations: readonly Observation[], { scale, shift }: Fit): Fit {
  let [gScale, gShift] = [RIDGE * (scale - 1), RIDGE * shift];
  let [scaleScale, scaleShift, shiftShift] = [RIDGE, 0, RIDGE];
  for (const { z, isFlawed } of observations) {
    const p = 1 / (1 + Math.exp(-(scale * z + shift)));
    const error = p - (isFlawed ? 1 : 0);
    const weight = p * (1 - p);
    gScale += error * z;
    gShift += error;
    scaleScale += weight * z * z;
    scaleShift += weight * z;
    shiftShift += weight;
  }
  const determinant = scaleScale * shiftShift - scaleShift ** 2;
  return {
    scale: (shiftShift * gScale - scaleShift * gShift) / determinant,
    shift: (scaleScale * gShift - scaleShift * gScale) / determinant,
  };
}

/** Cross-entropy, and what the ridge adds. */
function lossOf(observations: readonly Observation[], { scale, shift }: Fit): number {
  let loss = (RIDGE / 2) * ((scale - 1) ** 2 + shift ** 2);
  for (const { z, isFlawed } of observations) {
    const surety = (isFlawed ? 1 : -1) * (scale * z + shift);
    loss += surety > 0 ? Math.log1p(Math.exp(-surety)) : Math.log1p(Math.exp(surety)) - surety;
  }
  return loss;
}
