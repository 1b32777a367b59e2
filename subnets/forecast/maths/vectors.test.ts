import { describe, expect, test } from "vitest";
import { subnetVectors } from "../../../shared/rules/vectors.test-kit.ts";
import { expectNear, type Tolerance } from "./expect-near.test-kit.ts";
import { gatedFractions, groupReveals, skillGate } from "./gate.ts";
import { impliedValue, NOBODY } from "./implied.ts";
import { isNearMedian } from "./outliers.ts";
import { listen, reputerConsensus, reputerFractions } from "./reputers.ts";
import {
  entropyOf,
  forecasterScore,
  forecastingUtility,
  oneInShare,
  scoreFractions,
  splitClasses,
} from "./rewards.ts";
import {
  deviation,
  median,
  medianDeviation,
  movingAverage,
  quantile,
  weightedPercentiles,
} from "./statistics.ts";
import { TOPIC_DEFAULTS } from "./topic-config.ts";
import { combine, newcomerRegret, potential, slope, spreadOf, weigh, weightOf } from "./weights.ts";

type Named = Record<string, number>;
// biome-ignore lint/suspicious/noExplicitAny: each function of the vectors has inputs of its own
type Run = (input: any) => unknown;

const mapOf = ({ p, c, epsilon }: Named) => ({ pNorm: p!, cNorm: c!, epsilon: epsilon! });
const rewardMapOf = ({ p, c, epsilon }: Named) => ({ pReward: p!, cReward: c!, epsilon: epsilon! });

const RUNS: Record<string, Record<string, Run>> = {
  allora_math: {
    stdev: ({ x }) => deviation(x),
    median: ({ x }) => median(x),
    quantile: ({ x, q }) => quantile(x, q),
    ema: ({ alpha, current, previous }) => movingAverage(alpha, current, previous),
    phi: ({ p, c, x }) => potential(x, p, c),
    dphi: ({ p, c, x }) => slope(x, p, c),
    weightFromNormalizedRegret: ({ regret, maxRegret, ...map }) => weightOf(regret, maxRegret, mapOf(map)),
    mad: ({ x }) => medianDeviation(x),
    weightedPercentile: ({ data, weights, percentiles }) => weightedPercentiles(data, weights, percentiles),
  },
  allora_synthesis: {
    weights: ({ regrets, ...map }) => {
      const values = Float64Array.from(Object.values<number>(regrets));
      const weights = new Float64Array(values.length);
      weigh(values, values.length, weights, mapOf(map));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const named = (scale: number) =>
        Object.fromEntries(Object.keys(regrets).map((id, i) => [id, weights[i]! / scale]));
      return {
        norm: spreadOf(values, values.length, map.epsilon),
        weights: named(1),
        normalized: named(total),
      };
    },
    combine: ({ values, weights }) => {
      const [v, w] = [Object.values<number>(values), Object.values<number>(weights)];
      return combine(v, w, v.length);
    },
    forecastImplied: ({ inferences, forecastLosses, networkLoss, allNew, ...map }) => {
      const ids = Object.keys(inferences);
      const named = ids.filter((id) => id in forecastLosses);
      const room = () => new Float64Array(ids.length);
      const value = impliedValue(
        {
          inferers: Int32Array.from(named, (id) => ids.indexOf(id)),
          log10Loss: Float64Array.from(named, (id) => forecastLosses[id]),
        },
        {
          values: Float64Array.from(Object.values<number>(inferences)),
          networkLoss,
          map: mapOf(map),
          scratch: { values: room(), regrets: room() },
        },
        NOBODY,
        allNew,
      );
      return Number.isNaN(value) ? null : value;
    },
    initialRegret: ({ regrets, ...map }) => newcomerRegret(regrets, mapOf(map)),
    outlierFilter: ({ inferences, lastMedian, madEma, threshold }) =>
      Object.entries<number>(inferences)
        .filter(([, value]) => isNearMedian(value, lastMedian, madEma, threshold))
        .map(([id]) => id)
        .sort(),
  },
  allora_rewards: {
    scoreFractions: ({ latest, history, ...map }) => scoreFractions(latest, history, rewardMapOf(map)),
    entropy: ({ fractions, beta }) => entropyOf(fractions, beta),
    chi: ({ naiveLoss, networkLoss, infererScores, previousRatio, alpha }) =>
      forecastingUtility({ naive: naiveLoss, network: networkLoss }, infererScores, previousRatio, alpha),
    classSplit: ({ F, G, H, chi }) => splitClasses({ inferers: F, forecasters: G, reputers: H }, chi),
    fPlus: ({ forecasters }) => oneInShare(forecasters),
    forecasterScore: ({ forecasters, ...losses }) => forecasterScore(losses, forecasters),
  },
  allora_reputers: {
    reputerConsensus: ({ losses, stakes, coefficients }) => reputerConsensus(losses, stakes, coefficients),
    reputerOutput: ({ losses, stakes, coefficients }) => listen(losses, stakes, coefficients),
    reputerFractions: ({ stakes, scores, p }) => reputerFractions(stakes, scores, { pReputer: p }),
  },
  forecast_incentive: {
    groupReveals: ({ reveals, tolerance }) =>
      groupReveals(
        Object.entries<Named>(reveals).map(([id, { value, block }]) => ({
          id,
          value: value!,
          registeredAt: block!,
        })),
        { absolute: tolerance, relative: 0 },
      ).map((group) => group.map(({ id }) => id)),
    skillGate: ({ baselineMinusWorkerLogLoss, window, threshold }) =>
      skillGate(baselineMinusWorkerLogLoss, {
        ...TOPIC_DEFAULTS,
        gateWindow: window,
        gatePass: threshold,
      }),
    gatedFractions: ({ emaScores, eligible, ...map }) => {
      const ids = Object.keys(emaScores);
      const fractions = gatedFractions(
        Object.values(emaScores),
        ids.map((id) => eligible.includes(id)),
        rewardMapOf(map),
      );
      return Object.fromEntries(ids.map((id, i) => [id, fractions[i]]));
    },
  },
};

for (const [name, runs] of Object.entries(RUNS)) {
  const file = subnetVectors<never, unknown>(name);
  describe.skipIf(!file)(`section 5, ${name}.json (absent from a public clone)`, () => {
    const { cases, tolerance } = (file ?? { cases: [] }) as typeof file & { tolerance: Tolerance };
    test.for(cases)("$id", ({ fn, input, expected }) => {
      expectNear(runs[fn]!(input), expected, tolerance);
    });
    test("every function of the file is run", () => {
      expect([...new Set(cases.map(({ fn }) => fn))].sort()).toEqual(Object.keys(runs).sort());
    });
  });
}
