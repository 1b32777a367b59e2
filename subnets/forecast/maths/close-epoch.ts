import { type Heard, hearReputers } from "./hear-reputers.ts";
import { lossOf } from "./losses.ts";
import { type ClassPay, payClass } from "./pay-class.ts";
import { updateRegretMatrices } from "./regrets.ts";
import { reputerFractions } from "./reputers.ts";
import { entropyOf, forecastingUtility, splitClasses } from "./rewards.ts";
import { movingAverage } from "./statistics.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { TopicReport, TopicState, Verdict, Worker, WorkerReport } from "./types.ts";
import { newcomerRegret } from "./weights.ts";
import { type RecordUpdate, recordForecasters, recordInferers } from "./worker-records.ts";

/** The topic remembers so many workers for each seat; who was away longest is forgotten first. */
const REMEMBERED_PER_SEAT = 2;

/** Of a topic nobody has forecast yet. */
export function initialTopic(): TopicState {
  return {
    closed: 0,
    inferers: [],
    forecasters: [],
    oneOutRegrets: [],
    oneInRegrets: [],
    networkLoss: 0,
    initialRegret: 0,
    median: null,
    mad: null,
    scoreRatio: 0,
    truth: null,
    reputers: [],
  };
}

/**
 * Holds an opened nonce against its truth: losses (F7), regrets (F8, F9), scores (F10), and who is paid (F13 to F17, F19,
 * F20). Nonces close in their order, each once.
 *
 * @param verdict - At least one report, with stake.
 */
export function closeEpoch(
  topic: TopicState,
  { open, truth, reports }: Verdict,
  config: TopicConfig,
): { topic: TopicState; report: TopicReport } {
  const heard = hearReputers(topic, reports, config);
  const { losses } = heard;
  const baselineLoss = open.baseline === null ? null : lossOf(open.baseline, truth, config);
  const update: RecordUpdate = { topic, open, losses, config, baselineLoss };
  const recorded = { inferers: recordInferers(update), forecasters: recordForecasters(update) };
  const pay = {
    inferers: payClass(recorded.inferers, config),
    forecasters: payClass(recorded.forecasters, config),
  };
  const inferers = smoothShares(recorded.inferers, pay.inferers, config);
  const forecasters = smoothShares(recorded.forecasters, pay.forecasters, config);
  const reputers = payReputers(topic, heard, config);

  const scores = inferers.map(({ scores }) => scores.at(-1)!);
  const utility = forecastingUtility(
    { naive: losses.naive, network: losses.combined },
    scores,
    topic.scoreRatio,
    config.alphaReward,
  );
  const entropy = {
    inferers: entropyOfPaid(inferers, pay.inferers, config),
    forecasters: entropyOfPaid(forecasters, pay.forecasters, config),
    reputers: entropyOf(
      reputers.map(({ share }) => share),
      config.betaEntropy,
    ).entropy,
  };
  const { gamma, ...classShares } = splitClasses(entropy, utility.chi);
  const miners = classShares.inferers + classShares.forecasters;
  const parts = { inferers: classShares.inferers / miners, forecasters: classShares.forecasters / miners };
  const initialRegret = nextInitialRegret(topic, [...inferers, ...forecasters], config);
  const remembered = {
    inferers: remember(topic.inferers, inferers, config.maxInferers),
    forecasters: remember(topic.forecasters, forecasters, config.maxForecasters),
  };
  return {
    topic: {
      ...topic,
      ...remembered,
      ...updateRegretMatrices(update, remembered.inferers, remembered.forecasters),
      closed: topic.closed + 1,
      networkLoss: losses.combined,
      initialRegret,
      scoreRatio: utility.ratio,
      truth: { nonce: open.nonce, value: truth },
      reputers: reputers.map(({ id, coefficient, share }) => ({ id, coefficient, share })),
    },
    report: {
      nonce: open.nonce,
      truth,
      losses,
      baselineLoss,
      inferers: reportOn(inferers, losses.inferers, pay.inferers, parts.inferers),
      forecasters: reportOn(forecasters, losses.forecasters, pay.forecasters, parts.forecasters),
      reputers: reputers.map(({ id, score, coefficient, fraction }) => ({
        ...{ id, score, coefficient, fraction },
        weight: fraction * classShares.reputers,
      })),
      entropy,
      utility,
      gamma,
      classShares,
      initialRegret,
      burnt:
        parts.inferers * (1 - pay.inferers.deserved) + parts.forecasters * (1 - pay.forecasters.deserved),
    },
  };
}

/** F14: what the entropy is taken of. */
function smoothShares(workers: readonly Worker[], { fractions }: ClassPay, config: TopicConfig): Worker[] {
  return workers.map((worker, i) => ({
    ...worker,
    share: movingAverage(config.alphaReward, fractions[i]!, worker.seen === 1 ? null : worker.share),
  }));
}

/** Who may not be paid does not make its class look more even: those who may share everything. */
function entropyOfPaid(
  workers: readonly Worker[],
  { eligible }: ClassPay,
  { betaEntropy, rewardMap }: TopicConfig,
): number {
  const shares = workers.filter((_, i) => eligible[i]).map(({ share }) => share);
  const total = rewardMap === "plain" ? 1 : shares.reduce((sum, share) => sum + share, 0);
  return entropyOf(
    shares.map((share) => share / total),
    betaEntropy,
  ).entropy;
}

type PaidReputer = { id: string; score: number; coefficient: number; fraction: number; share: number };

function payReputers(
  { reputers }: Pick<TopicState, "reputers">,
  { reports, scores, coefficients }: Heard,
  config: TopicConfig,
): PaidReputer[] {
  const fractions = reputerFractions(
    reports.map(({ stake }) => stake),
    scores,
    config,
  );
  return reports.map(({ id }, i) => {
    const before = reputers.find((reputer) => reputer.id === id);
    return {
      id,
      score: scores[i]!,
      coefficient: coefficients[i]!,
      fraction: fractions[i]!,
      share: movingAverage(config.alphaReward, fractions[i]!, before?.share ?? null),
    };
  });
}

/** F9: experienced are those with as many nonces as a regret remembers. */
function nextInitialRegret(topic: TopicState, workers: readonly Worker[], config: TopicConfig): number {
  const experienced = workers.filter(({ seen }) => seen >= 1 / config.alphaRegret);
  if (experienced.length < config.minExperienced) return topic.initialRegret;
  return newcomerRegret(
    experienced.map(({ regret }) => regret!),
    config,
  );
}

/** In the order of ids: those of this nonce, and those of earlier ones that there is room for. */
function remember(before: readonly Worker[], now: readonly Worker[], seats: number): Worker[] {
  const present = new Set(now.map(({ id }) => id));
  const absent = before
    .filter(({ id }) => !present.has(id))
    .sort((a, b) => b.lastNonce - a.lastNonce || (a.id < b.id ? -1 : 1))
    .slice(0, Math.max(0, REMEMBERED_PER_SEAT * seats - now.length));
  return [...now, ...absent].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @param part - F17: of the class, in what miners get. */
function reportOn(
  workers: readonly Worker[],
  losses: readonly number[],
  { fractions, eligible, skillT }: ClassPay,
  part: number,
): WorkerReport[] {
  return workers.map(({ id, regret, scores }, i) => ({
    id,
    loss: losses[i]!,
    regret: regret!,
    score: scores.at(-1)!,
    skillT: skillT[i]!,
    eligible: eligible[i]!,
    fraction: fractions[i]!,
    weight: fractions[i]! * part,
  }));
}
