import type { Evidence, RawScore } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type ForecastConfig, topicConfigOf } from "./config.ts";
import { closeEpoch } from "./maths/close-epoch.ts";
import { lossesOf } from "./maths/losses.ts";
import type { TopicConfig } from "./maths/topic-config.ts";
import type { TopicReport, TopicState } from "./maths/types.ts";
import type { Nonce } from "./nonce.ts";

/** Shares of the weight by hotkey; what is missing to 1 is burned. */
export type Pay = { [hotkey: Hotkey]: number };

export type ClosedNonce = {
  topics: TopicState[];
  reports: TopicReport[];
  pay: Pay;
  raw: Map<Hotkey, RawScore>;
  evidence: Evidence[];
};

/** Holds what was said against the truth, as this validator sees it: it is its own reputer. @param truth - Of each label. */
export function closeNonce(
  { nonce, opens, failures }: Nonce,
  topics: readonly TopicState[],
  truth: readonly number[],
  { config, validator }: { config: ForecastConfig; validator: Hotkey },
): ClosedNonce {
  const closed = opens.map((open, label) => {
    const topic = topics[label]!;
    const rules = topicConfigOf(config, topic.closed);
    const reports = [{ id: validator, stake: 1, losses: lossesOf(open, truth[label]!, rules) }];
    return { ...closeEpoch(topic, { open, truth: truth[label]!, reports }, rules), rules };
  });
  const reports = closed.map(({ report }) => report);
  const duplicates = new Set(opens.flatMap((open) => open.duplicates.map(({ id }) => id)));
  const hotkeys = new Set([
    ...reports.flatMap(({ inferers, forecasters }) => [...inferers, ...forecasters].map(({ id }) => id)),
    ...duplicates,
    ...Object.keys(failures),
  ]);
  const pay: Pay = {};
  const raw: ClosedNonce["raw"] = new Map();
  const evidence: Evidence[] = [];
  for (const hotkey of [...hotkeys].sort()) {
    const parts = closed.flatMap((label) => partsOf(hotkey, label, config));
    const weight = parts.reduce((sum, part) => sum + part.weight, 0) / reports.length;
    if (weight > 0) pay[hotkey] = weight;
    const failure = failures[hotkey];
    const unproven = parts.every(({ gate }) => gate.nonces < gate.needed) ? parts[0]?.gate : undefined;
    const score = parts.length > 0 ? Math.max(...parts.map(({ quality }) => quality)) : 0;
    const explained: RawScore =
      failure !== undefined
        ? { score: 0, reason: failure }
        : parts.length === 0
          ? { score: 0, reason: "duplicate-answer" }
          : { score, reason: weight > 0 ? "ok" : unproven ? "unproven" : "below-baseline" };
    raw.set(hotkey, explained);
    const roles = Object.fromEntries(parts.map(({ role, facts }) => [role, facts]));
    const waiting = explained.reason === "unproven" ? unproven : {};
    evidence.push({ hotkey, taskId: "epoch", facts: { ...explained, nonce, weight, ...waiting, ...roles } });
  }
  return { topics: topics.map((topic, label) => closed[label]?.topic ?? topic), reports, pay, raw, evidence };
}

type Part = {
  role: "inferer" | "forecaster";
  weight: number;
  quality: number;
  /** Nonces in which it was held against the last value, and how many it has to have. */
  gate: { nonces: number; needed: number };
  facts: { [name: string]: number | string };
};

type ClosedLabel = { topic: TopicState; report: TopicReport; rules: TopicConfig };

/** What one miner did for one label. */
function partsOf(hotkey: Hotkey, { topic, report, rules }: ClosedLabel, config: ForecastConfig): Part[] {
  const isPlain = config.rewardMap === "plain";
  return (["inferer", "forecaster"] as const).flatMap((role): Part[] => {
    const told = report[`${role}s`].find(({ id }) => id === hotkey);
    const kept = topic[`${role}s`].find(({ id }) => id === hotkey);
    if (!told) return [];
    // F19 pays the first of all when nobody has proven anything: here that is burned, too.
    const hasProven = told.skillT > rules.gateFallback;
    // A forecaster's value is made of those of others: to be better than persistence is no merit, to help is one.
    const helps = role === "inferer" || (kept?.scoreAverage ?? 0) > 0;
    const { loss, regret, score, skillT, weight } = told;
    const gain = (report.baselineLoss ?? report.losses.naive) - loss;
    return [
      {
        role,
        weight: isPlain || (helps && hasProven) ? weight : 0,
        quality: 1 / (1 + 10 ** -gain), // 0.5 is as good as persistence
        gate: { nonces: kept?.skill.length ?? 0, needed: isPlain ? 0 : rules.gateEpochs },
        facts: { loss, regret, score, skillT },
      },
    ];
  });
}
