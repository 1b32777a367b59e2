import type { Evidence, RawScore } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type ForecastConfig, topicConfigOf } from "./config.ts";
import { closeEpoch } from "./maths/close-epoch.ts";
import { lossesOf } from "./maths/losses.ts";
import type { TopicReport, TopicState, WorkerReport } from "./maths/types.ts";
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
    return closeEpoch(topic, { open, truth: truth[label]!, reports }, rules);
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
    const parts = closed.flatMap(({ topic, report }) => partsOf(hotkey, topic, report, config));
    const weight = parts.reduce((sum, part) => sum + part.weight, 0) / reports.length;
    if (weight > 0) pay[hotkey] = weight;
    const failure = failures[hotkey];
    const score = parts.length > 0 ? Math.max(...parts.map(({ quality }) => quality)) : 0;
    const explained: RawScore =
      failure !== undefined
        ? { score: 0, reason: failure }
        : parts.length === 0
          ? { score: 0, reason: "duplicate-answer" }
          : { score, reason: weight > 0 ? "ok" : "below-baseline" };
    raw.set(hotkey, explained);
    const roles = Object.fromEntries(parts.map(({ role, facts }) => [role, facts]));
    evidence.push({ hotkey, taskId: "epoch", facts: { ...explained, nonce, weight, ...roles } });
  }
  return { topics: topics.map((topic, label) => closed[label]?.topic ?? topic), reports, pay, raw, evidence };
}

type Part = {
  role: "inferer" | "forecaster";
  weight: number;
  quality: number;
  facts: { [name: string]: number | string };
};

/** What one miner did for one label. */
function partsOf(hotkey: Hotkey, topic: TopicState, report: TopicReport, config: ForecastConfig): Part[] {
  const inferer = report.inferers.find(({ id }) => id === hotkey);
  const forecaster = report.forecasters.find(({ id }) => id === hotkey);
  const average = topic.forecasters.find(({ id }) => id === hotkey)?.scoreAverage ?? 0;
  const isPlain = config.rewardMap === "plain";
  return [
    ...(inferer ? [toPart("inferer", inferer, report, isPlain || hasProven(inferer, topic, config))] : []),
    ...(forecaster
      ? [
          // Its value is made of those of others: to be better than persistence is no merit, to help is one.
          toPart(
            "forecaster",
            forecaster,
            report,
            isPlain || (average > 0 && hasProven(forecaster, topic, config)),
          ),
        ]
      : []),
  ];
}

/** F19 pays the first of all when nobody has proven anything: here that is burned, too. */
function hasProven({ skillT }: WorkerReport, { closed }: TopicState, config: ForecastConfig): boolean {
  return skillT > topicConfigOf(config, closed).gateFallback;
}

/** `quality`: 0..1, 0.5 is as good as persistence. */
function toPart(role: Part["role"], worker: WorkerReport, report: TopicReport, isPaid: boolean): Part {
  const { loss, regret, score, skillT, weight } = worker;
  const gain = (report.baselineLoss ?? report.losses.naive) - loss;
  return {
    role,
    weight: isPaid ? weight : 0,
    quality: 1 / (1 + 10 ** -gain),
    facts: { loss, regret, score, skillT },
  };
}
