import { type RegretUpdate, updateRegret } from "./regrets.ts";
import { forecasterScore } from "./rewards.ts";
import { movingAverage } from "./statistics.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { Worker } from "./types.ts";

/** A nonce, its losses, and what persistence lost; null: there was no truth to persist. */
export type RecordUpdate = RegretUpdate & {
  config: TopicConfig;
  baselineLoss: number | null;
};

/** F8 and F10 of the inferers of a nonce, in its order. */
export function recordInferers(update: RecordUpdate): Worker[] {
  const { topic, open, losses, baselineLoss } = update;
  const isAlone = open.inferers.length === 1;
  return open.inferers.map((member, at) => {
    const before = topic.inferers.find(({ id }) => id === member.id);
    const loss = losses.inferers[at]!;
    return {
      ...record(before, member, update, {
        score: isAlone ? 0 : losses.oneOutInferer[at]! - losses.combined,
        skill: baselineLoss === null ? null : baselineLoss - loss,
        weight: open.infererWeights[at]!,
      }),
      regret: updateRegret(update, losses.combined - loss, before?.regret),
      naiveRegret: updateRegret(update, losses.naive - loss, before?.naiveRegret),
      selfRegret: null,
    };
  });
}

/** F8 and F10 of the forecasters of a nonce, in its order. */
export function recordForecasters(update: RecordUpdate): Worker[] {
  const { topic, open, losses, baselineLoss } = update;
  const count = open.forecasters.length;
  return open.forecasters.map((member, at) => {
    const before = topic.forecasters.find(({ id }) => id === member.id);
    const loss = losses.forecasters[at]!;
    const variants = {
      naive: losses.naive,
      oneIn: losses.oneIn[at]!,
      oneOut: losses.oneOutForecaster[at]!,
      network: losses.combined,
    };
    return {
      ...record(before, member, update, {
        score: count === 1 ? 0 : forecasterScore(variants, count),
        skill: baselineLoss === null ? null : baselineLoss - loss,
        weight: open.forecasterWeights[at]!,
      }),
      regret: updateRegret(update, losses.combined - loss, before?.regret),
      naiveRegret: null,
      selfRegret: updateRegret(update, losses.oneIn[at]! - loss, before?.selfRegret),
    };
  });
}

/** What both classes keep of a worker. `share` comes when everybody is paid. */
function record(
  before: Worker | undefined,
  { id, registeredAt }: { id: string; registeredAt: number },
  { open, config }: RecordUpdate,
  { score, skill, weight }: { score: number; skill: number | null; weight: number },
): Omit<Worker, "regret" | "naiveRegret" | "selfRegret"> {
  const skills = [...(before?.skill ?? []), ...(skill === null ? [] : [skill])];
  return {
    id,
    registeredAt,
    seen: (before?.seen ?? 0) + 1,
    lastNonce: open.nonce,
    weight,
    scores: [...(before?.scores ?? []), score].slice(-config.history),
    scoreAverage: movingAverage(config.alphaReward, score, before?.scoreAverage ?? null),
    skill: skills.slice(-config.gateWindow),
    share: before?.share ?? 0,
  };
}
