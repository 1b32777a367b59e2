import { describe, expect, test } from "vitest";
import { subnetVectors } from "../../../shared/rules/vectors.test-kit.ts";
import { closeEpoch, initialTopic } from "./close-epoch.ts";
import { expectNear, type Tolerance } from "./expect-near.test-kit.ts";
import { lossesOf } from "./losses.ts";
import { openEpoch } from "./open-epoch.ts";
import { TOPIC_DEFAULTS, type TopicConfig } from "./topic-config.ts";
import type { OpenEpoch, TopicReport, TopicState } from "./types.ts";

type Named = Record<string, number>;

type TraceInput = {
  params: Record<string, number>;
  epochs: {
    inferences: Named;
    forecasts: Record<string, Named>;
    reputerTruths: Named;
    stakes: Named;
  }[];
};

type TraceExpected = { epochs: Record<string, unknown>[] };

const file = subnetVectors<TraceInput, TraceExpected>("allora_epochs");

describe.skipIf(!file)("section 5, allora_epochs.json (absent from a public clone)", () => {
  const { cases, tolerance } = (file ?? { cases: [] }) as NonNullable<typeof file> & { tolerance: Tolerance };
  test.for(cases)("$id: every intermediate result of every epoch", ({ input, expected }) => {
    let topic = initialTopic();
    const config = configOf(input.params);
    input.epochs.forEach((epoch, nonce) => {
      const opened = openEpoch(
        topic,
        {
          nonce,
          baseline: null,
          values: Object.entries(epoch.inferences).map(([id, value]) => ({ id, value, registeredAt: 0 })),
          forecasts: Object.entries(epoch.forecasts).map(([id, losses]) => ({
            id,
            registeredAt: 0,
            elements: Object.entries(losses).map(([of, log10Loss]) => ({ id: of, log10Loss })),
          })),
        },
        config,
      )!;
      const wasNew = opened.open.inferers.every(({ id }) => !topic.inferers.some((known) => known.id === id));
      const reports = Object.entries(epoch.reputerTruths).map(([id, truth]) => ({
        id,
        stake: epoch.stakes[id]!,
        losses: lossesOf(opened.open, truth, config),
      }));
      const closed = closeEpoch(opened.topic, { open: opened.open, truth: 0, reports }, config);
      topic = closed.topic;
      const found = { allInferersNew: wasNew, ...describeEpoch(opened.open, closed.report, topic) };
      expectNear(found, expected.epochs[nonce], tolerance, `epoch ${nonce}`);
    });
    expect(topic.closed).toBe(input.epochs.length);
  });
});

function configOf(params: Record<string, number>): TopicConfig {
  const { p, c, epsilon, alphaRegret, betaEntropy, pReward, cReward, pRewardReputer } = params;
  const { taskRewardAlpha, history, minExperienced, lossFloor } = params;
  return {
    ...TOPIC_DEFAULTS,
    rewardMap: "plain",
    pNorm: p!,
    cNorm: c!,
    epsilon: epsilon!,
    alphaRegret: alphaRegret!,
    betaEntropy: betaEntropy!,
    pReward: pReward!,
    cReward: cReward!,
    pReputer: pRewardReputer!,
    alphaReward: taskRewardAlpha!,
    history: history!,
    minExperienced: minExperienced!,
    lossFloor: lossFloor!,
  };
}

/** The names of the vectors. */
function describeEpoch(open: OpenEpoch, report: TopicReport, topic: TopicState): Record<string, unknown> {
  const ids = open.inferers.map(({ id }) => id);
  const forecasterIds = open.forecasters.map(({ id }) => id);
  const of = (names: readonly string[], values: readonly number[]) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]!]));
  const named = <Key extends string>(rows: readonly ({ id: string } & Record<Key, number>)[], key: Key) =>
    Object.fromEntries(rows.map((row) => [row.id, row[key]]));
  const { losses, inferers, forecasters, reputers } = report;
  const naiveRegrets = new Map(topic.inferers.map(({ id, naiveRegret }) => [id, naiveRegret!]));
  return {
    forecastImplied: named(open.forecasters, "value"),
    combined: open.combined,
    naive: open.naive,
    oneOutInferer: of(ids, open.oneOutInferer),
    oneOutForecaster: of(forecasterIds, open.oneOutForecaster),
    oneInForecaster: of(forecasterIds, open.oneIn),
    networkLoss: losses.combined,
    naiveLoss: losses.naive,
    infererLoss: of(ids, losses.inferers),
    forecasterLoss: of(forecasterIds, losses.forecasters),
    oneOutInfererLoss: of(ids, losses.oneOutInferer),
    oneOutForecasterLoss: of(forecasterIds, losses.oneOutForecaster),
    oneInForecasterLoss: of(forecasterIds, losses.oneIn),
    reputerScores: named(reputers, "score"),
    listeningCoefficients: named(reputers, "coefficient"),
    infererRegret: named(inferers, "regret"),
    forecasterRegret: named(forecasters, "regret"),
    naiveRegret: Object.fromEntries(ids.map((id) => [id, naiveRegrets.get(id)!])),
    topicInitialRegret: topic.initialRegret,
    infererScore: named(inferers, "score"),
    forecasterScore: named(forecasters, "score"),
    infererFraction: named(inferers, "fraction"),
    forecasterFraction: named(forecasters, "fraction"),
    reputerFraction: named(reputers, "fraction"),
    infererEntropy: report.entropy.inferers,
    forecasterEntropy: report.entropy.forecasters,
    reputerEntropy: report.entropy.reputers,
    chi: report.utility.chi,
    scoreRatio: report.utility.ratio,
    taskScore: report.utility.taskScore,
    gamma: report.gamma,
    infererShare: report.classShares.inferers,
    forecasterShare: report.classShares.forecasters,
    reputerShare: report.classShares.reputers,
    minerWeights: { ...named(inferers, "weight"), ...named(forecasters, "weight") },
  };
}
