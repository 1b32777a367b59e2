import { toFixed18 } from "../../shared/rules/fixed-18.ts";
import { TOPIC_NAME } from "../../shared/rules/result-digest.ts";
import type { EpochContext, PublishedResult, SubnetTemplate } from "../../shared/template.ts";
import type { Json } from "../../shared/types.ts";
import { describeThrown } from "../describe-thrown.ts";
import { isPlainJson } from "../plain-json.ts";

/** What a template says to consumers of one topic. */
export type PublishedTopic = { topic: string; result: PublishedResult };

/** `problem`: why nothing is published, for the log. An epoch is scored all the same. */
export type Publication = { topics: PublishedTopic[]; problem?: string };

const MAX_TOPICS = 64;

/** As JSON. Every reader gets all of it. */
const MAX_FACTS_CHARS = 65_536;

/** Nothing a template does makes this throw, and it cannot change the state it is shown. */
export function publish(
  template: Pick<SubnetTemplate, "publish">,
  context: EpochContext,
  state: Json,
): Publication {
  if (!template.publish) return { topics: [] };
  try {
    const published = Object.entries(template.publish(structuredClone(state), context));
    const topics = published.map(([topic, result]) => ({ topic, result: plain(result) }));
    if (arePublishable(topics)) return { topics };
    return { topics: [], problem: "the template published what is no result" };
  } catch (error) {
    return { topics: [], problem: describeThrown(error) };
  }
}

/**
 * At most 64 topics of distinct names `[a-z0-9-]{1,64}`; numbers that fit int256 when scaled by 10^18, bounds in ascending
 * order, facts of at most 64 Ki characters as JSON.
 */
export function arePublishable(topics: readonly PublishedTopic[]): boolean {
  const names = new Set(topics.map(({ topic }) => topic));
  if (names.size !== topics.length || topics.length > MAX_TOPICS) return false;
  return topics.every(({ topic, result: { nonce, value, ci, facts } }) => {
    const isNumber = (x: unknown) => typeof x === "number" && toFixed18(x) !== undefined;
    return (
      typeof topic === "string" &&
      TOPIC_NAME.test(topic) &&
      Number.isSafeInteger(nonce) &&
      nonce >= 0 &&
      isNumber(value) &&
      Array.isArray(ci) &&
      ci.length === 4 &&
      ci.every((bound, i) => isNumber(bound) && (i === 0 || ci[i - 1]! <= bound)) &&
      isPlainJson(facts) &&
      JSON.stringify(facts).length <= MAX_FACTS_CHARS
    );
  });
}

function plain({ nonce, value, ci, facts }: PublishedResult): PublishedResult {
  return { nonce, value, ci, facts };
}
