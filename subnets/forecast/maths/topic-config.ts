/** How a value is held against the truth. `bce` wants both within 0..1. */
export type LossMethod = "mse" | "mae" | "bce" | "mape";

/** The constants of a topic. */
export type TopicConfig = {
  lossMethod: LossMethod;
  /** The least loss that counts, before its logarithm is taken: a perfect value is not infinitely good. */
  lossFloor: number;
  /** Steepness p and place c of the potential that turns normalised regrets into weights (F1). */
  pNorm: number;
  cNorm: number;
  /** Keeps spreads from being 0. */
  epsilon: number;
  /** Share of the newest epoch in a regret (F8). */
  alphaRegret: number;
  /** Whose regrets the spread of F2 is taken over: all, or those that had a weight in the epoch before. */
  norm: "stdev" | "stdev-filtered";
  /** Experienced regrets needed before the regret of newcomers follows them (F9). */
  minExperienced: number;
  /** Steepness and place of the map from scores to shares (F13); `pReputer` is the exponent of reputers' scores. */
  pReward: number;
  cReward: number;
  pReputer: number;
  /** Share of the newest epoch in smoothed shares, in the ratio of utility and in the scores of F20. */
  alphaReward: number;
  /** Exponent of the effective number in the entropy (F14). */
  betaEntropy: number;
  /** Epochs of scores that the plain map takes its spread over. */
  history: number;
  /** plain: as Allora pays. gated: with F18 to F20. */
  rewardMap: "plain" | "gated";
  /** F19: epochs looked at, epochs needed, t that passes, t that is enough when nobody passes. */
  gateWindow: number;
  gateEpochs: number;
  gatePass: number;
  gateFallback: number;
  /** F18: values so near to each other are one. */
  sameAbsolute: number;
  sameRelative: number;
  /** F11: further from the last median than so many MADs is out; share of the newest epoch in the MAD. */
  outlierThreshold: number;
  outlierAlpha: number;
  /** Most workers that take part in one epoch. */
  maxInferers: number;
  maxForecasters: number;
  /** Most workers one forecaster may speak of. */
  maxForecastElements: number;
  /** stake: plain stakes weigh the reputers' losses. listened: stakes times listening coefficients do. */
  reputerWeighting: "stake" | "listened";
};

/** Those of allora-chain, and of the toolkit's own additions. */
export const TOPIC_DEFAULTS: TopicConfig = {
  lossMethod: "mse",
  lossFloor: 1e-12,
  pNorm: 3,
  cNorm: 0.75,
  epsilon: 0.01,
  alphaRegret: 0.1,
  norm: "stdev",
  minExperienced: 10,
  pReward: 3,
  cReward: 0.75,
  pReputer: 1,
  alphaReward: 0.1,
  betaEntropy: 0.25,
  history: 10,
  rewardMap: "gated",
  gateWindow: 60,
  gateEpochs: 10,
  gatePass: 1.645,
  gateFallback: 0.25,
  sameAbsolute: 1e-9,
  sameRelative: 1e-6,
  outlierThreshold: 11,
  outlierAlpha: 0.2,
  maxInferers: 32,
  maxForecasters: 6,
  maxForecastElements: 12,
  reputerWeighting: "stake",
};
