import { type Failure, isValidatorsOwnFault } from "../../shared/reasons.ts";
import type { EpochContext, Transcript } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { Forecast } from "./answer.ts";
import { arityOf, type ForecastConfig, topicConfigOf } from "./config.ts";
import { initialTopic } from "./maths/close-epoch.ts";
import { openEpoch } from "./maths/open-epoch.ts";
import { TOPIC_DEFAULTS } from "./maths/topic-config.ts";
import type { OpenEpoch, RevealedForecast, TopicState } from "./maths/types.ts";
import { type ForecastTask, peerName } from "./questions.ts";

const { sameAbsolute, sameRelative } = TOPIC_DEFAULTS;

/** Uids are below it: of two that came in one block, the lower uid was first. */
const UIDS = 65_536;

/** What was said in one epoch, to be held against the truth that comes later. */
export type Nonce = {
  nonce: number;
  /** One for each label; none when nobody said a value. */
  opens: OpenEpoch[];
  /** Middle and spread of what was said of each label. */
  spreads: { median: number; mad: number }[];
  /** Who was asked and said nothing that counts. */
  failures: { [hotkey: Hotkey]: Failure };
};

/** Everything that was shown in this epoch, combined. @param baseline - Newest value that everybody knew; of each label. */
export function openNonce(
  context: EpochContext<ForecastConfig>,
  transcripts: readonly Transcript[],
  topics: readonly TopicState[],
  baseline: readonly number[] | undefined,
): { nonce: Nonce; topics: TopicState[] } | undefined {
  const asked = transcripts.find(({ job, epoch }) => job.stage === "commit" && epoch === context.epoch);
  if (!asked) return undefined;
  const shown = transcripts.find(({ job, epoch }) => job.stage === "reveal" && epoch === context.epoch);
  const { said, failures } = heard(asked, shown);
  const opened = Array.from({ length: arityOf(context.config) }, (_, label) => {
    const topic = topics[label] ?? initialTopic();
    const known = baseline?.[label] ?? null;
    const reveals = {
      nonce: context.epoch,
      ...toReveals(context, asked.job.task as ForecastTask, said, { label, baseline: known }),
      baseline: known,
    };
    return { topic, opened: openEpoch(topic, reveals, topicConfigOf(context.config, topic.closed)) };
  });
  const after = opened.map(({ topic, opened }) => opened?.topic ?? topic);
  return {
    nonce: {
      nonce: context.epoch,
      opens: opened.flatMap(({ opened }) => (opened ? [opened.open] : [])),
      spreads: after.map(({ median, mad }) => ({ median: median ?? 0, mad: mad ?? 0 })),
      failures,
    },
    topics: after,
  };
}

/** By hotkey, in the order of hotkeys. What we ourselves failed at says nothing about anybody. */
function heard(asked: Transcript, shown: Transcript | undefined) {
  const said: [Hotkey, Forecast][] = [];
  const failures: Nonce["failures"] = {};
  for (const hotkey of [...asked.job.to].sort()) {
    const answer = asked.answers.get(hotkey);
    const opening = answer?.ok ? shown?.answers.get(hotkey) : answer;
    if (opening?.ok) {
      const forecast = opening.response as Forecast;
      if (forecast.values.length > 0 || forecast.losses.length > 0) said.push([hotkey, forecast]);
      else failures[hotkey] = "unproven"; // a forecaster, before anybody is known
    } else if (opening && !isValidatorsOwnFault(opening.reason)) failures[hotkey] = opening.reason;
  }
  return { said, failures };
}

function toReveals(
  { participants }: EpochContext<ForecastConfig>,
  { peers }: ForecastTask,
  said: readonly (readonly [Hotkey, Forecast])[],
  { label, baseline }: { label: number; baseline: number | null },
) {
  const members = new Map(participants.map((participant) => [participant.hotkey, participant]));
  const named = new Map(participants.map(({ hotkey }) => [peerName(hotkey), hotkey]));
  const present = said.flatMap(([id, forecast]) => {
    const member = members.get(id);
    return member ? [{ id, registeredAt: member.registeredAt + member.uid / UIDS, forecast }] : [];
  });
  const values = present.flatMap(({ id, registeredAt, forecast }) => {
    const value = forecast.values[label];
    return value === undefined ? [] : [{ id, registeredAt, value: snapped(value, baseline) }];
  });
  const forecasts = present.flatMap(({ id, registeredAt, forecast }): RevealedForecast[] => {
    const elements = forecast.losses.flatMap((log10Loss, at) => {
      const peer = named.get(peers[at]!);
      return peer === undefined ? [] : [{ id: peer, log10Loss }];
    });
    return elements.length > 0 ? [{ id, registeredAt, elements }] : [];
  });
  return { values, forecasts };
}

/** Whoever says the last value again says exactly that: a rounding is no skill. */
function snapped(value: number, baseline: number | null): number {
  if (baseline === null) return value;
  const near = Math.max(sameAbsolute, sameRelative * Math.abs(baseline));
  return Math.abs(value - baseline) <= near ? baseline : value;
}
