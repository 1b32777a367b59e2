import { toRow, weightedLosses } from "./losses.ts";
import { type Listening, listen } from "./reputers.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { Losses, ReputerReport, TopicState } from "./types.ts";

/** What the reputers say together (F7), and how far each is listened to. Columns in the order of `reports`. */
export type Heard = Listening & { reports: readonly ReputerReport[]; losses: Losses };

/**
 * Losses are weighed by plain stake: the adjusted stake is only for scores of reputers. Unless the topic listens, then
 * by stake times coefficient.
 */
export function hearReputers(
  topic: Pick<TopicState, "reputers">,
  unsorted: readonly ReputerReport[],
  { reputerWeighting }: Pick<TopicConfig, "reputerWeighting">,
): Heard {
  const reports = unsorted.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const known = new Map(topic.reputers.map(({ id, coefficient }) => [id, coefficient]));
  const stakes = reports.map(({ stake }) => stake);
  const listening = listen(
    reports.map(({ losses }) => toRow(losses)),
    stakes,
    reports.map(({ id }) => known.get(id) ?? 1),
  );
  const weights =
    reputerWeighting === "stake" ? stakes : stakes.map((stake, i) => stake * listening.coefficients[i]!);
  const all = reports.map(({ losses }) => losses);
  return { ...listening, reports, losses: weightedLosses(all, weights) };
}
