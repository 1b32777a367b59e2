import { entropyOf, forecasterScore, forecastingUtility, splitClasses } from "./rewards.ts";
import { movingAverage } from "./statistics.ts";
import { synthesise } from "./synthesise.ts";

type ClassFractions = Record<"inferer" | "forecaster" | "reputer", number[]>;

/** One epoch of a topic as allora-chain's own tests have it: what came before, what was said, and how it was wrong. */
export type ChainEpoch = {
  params: Record<"p" | "c" | "epsilon" | "alphaRegret" | "taskRewardAlpha" | "betaEntropy", number>;
  inferences: number[];
  forecastLosses: number[][];
  previousNetworkLoss: number;
  previousRegrets: number[];
  previousNaiveRegrets: number[];
  previousOneOutRegrets: number[][];
  previousOneInRegrets: number[][];
  losses: Record<"network" | "naive", number> &
    Record<"inferers" | "forecasters" | "oneOut" | "oneIn", number[]>;
  stakes: number[];
  reportedNetworkLosses: number[];
  previousSmoothFractions: ClassFractions;
  fractions: ClassFractions;
  previousScoreRatio: number;
};

/** Everything that this toolkit computes of such an epoch, by the names of the chain's rows. */
export function replayChainEpoch(input: ChainEpoch): Record<string, unknown> {
  return { ...combineEpoch(input), ...judgeEpoch(input) };
}

function combineEpoch(input: ChainEpoch) {
  const { params, inferences, forecastLosses } = input;
  const n = inferences.length;
  const values = Float64Array.from(inferences);
  const forecasts = forecastLosses.map((row) => ({
    inferers: Int32Array.from(row, (_, j) => j),
    log10Loss: Float64Array.from(row),
  }));
  const map = { pNorm: params.p, cNorm: params.c, epsilon: params.epsilon };
  const found = synthesise(
    {
      values,
      isNew: new Uint8Array(n),
      forecasts,
      regrets: Float64Array.from(input.previousRegrets),
      naiveRegrets: Float64Array.from(input.previousNaiveRegrets),
      oneOutRegrets: Float64Array.from(input.previousOneOutRegrets.flat()),
      oneInRegrets: Float64Array.from(input.previousOneInRegrets.flat()),
      networkLoss: input.previousNetworkLoss,
    },
    map,
  );
  return {
    forecastImplied: [...found.implied],
    forecastImpliedOneOut: forecasts.map((_, k) =>
      inferences.map((_, j) => found.impliedWithout[j * forecasts.length + k]),
    ),
    combined: found.combined,
    naive: found.naive,
    oneOut: [...found.oneOutInferer, ...found.oneOutForecaster],
    oneIn: [...found.oneIn],
  };
}

function judgeEpoch({ params, losses, ...input }: ChainEpoch) {
  const n = losses.inferers.length;
  const m = losses.forecasters.length;
  const own = [...losses.inferers, ...losses.forecasters];
  const regretOf = (reference: number, previous: readonly number[]) =>
    previous.map((before, l) => movingAverage(params.alphaRegret, reference - own[l]!, before));
  const infererScores = losses.oneOut.slice(0, n).map((oneOut) => oneOut - losses.network);
  const forecasterScores = losses.oneIn.map((oneIn, k) =>
    forecasterScore({ ...losses, oneIn, oneOut: losses.oneOut[n + k]! }, m),
  );
  const entropy = (of: keyof ClassFractions) =>
    entropyOf(
      input.fractions[of].map((fraction, i) =>
        movingAverage(params.taskRewardAlpha, fraction, input.previousSmoothFractions[of][i]!),
      ),
      params.betaEntropy,
    ).entropy;
  const entropies = {
    inferer: entropy("inferer"),
    forecaster: entropy("forecaster"),
    reputer: entropy("reputer"),
  };
  const utility = forecastingUtility(losses, infererScores, input.previousScoreRatio, params.taskRewardAlpha);
  const { gamma: _, ...classShares } = splitClasses(
    { inferers: entropies.inferer, forecasters: entropies.forecaster, reputers: entropies.reputer },
    utility.chi,
  );
  const total = input.stakes.reduce((sum, stake) => sum + stake, 0);
  return {
    networkLossFromReputers: input.reportedNetworkLosses.reduce(
      (sum, loss, i) => sum + (loss * input.stakes[i]!) / total,
      0,
    ),
    regrets: regretOf(losses.network, input.previousRegrets),
    naiveRegrets: regretOf(losses.naive, input.previousNaiveRegrets),
    infererScores,
    forecasterScores,
    entropies,
    taskScore: utility.taskScore,
    scoreRatio: utility.ratio,
    chi: utility.chi,
    classShares,
  };
}
