import { percent, plain } from "./format-number.ts";
import type { Report } from "./report.ts";

export type Fact = { name: string; value: string; verdict?: "pass" | "fail" };

/** What somebody reads who reads nothing else. */
export function headlineOf({ summary, attacks, criteria, regression }: Report): Fact[] {
  const rows = attacks?.rows ?? [];
  const paying = rows.filter(({ verdict }) => verdict === "fail").length;
  const failed = (criteria ?? []).filter(({ verdict }) => verdict === "fail").length;
  return [
    ...(attacks
      ? [{ name: "attacks that pay", value: `${paying} of ${rows.length}`, verdict: verdictOf(paying) }]
      : []),
    ...(criteria
      ? [{ name: "criteria failed", value: `${failed} of ${criteria.length}`, verdict: verdictOf(failed) }]
      : []),
    ...(regression
      ? [{ name: "numbers that moved", value: String(regression.moved.length), verdict: regression.verdict }]
      : []),
    { name: "rank correlation of quality and pay", value: plain(summary.rankCorrelation?.mean) },
    { name: "effective number of miners", value: plain(summary.effectiveMiners.mean) },
    { name: "Gini of incentive", value: plain(summary.gini.mean) },
    { name: "churn per epoch", value: percent(summary.churn.mean) },
  ];
}

function verdictOf(failures: number): "pass" | "fail" {
  return failures === 0 ? "pass" : "fail";
}

/** What has to be known to play it again, in one line. */
export function provenanceOf({ summary, simulated }: Report): string {
  const { template, seed, engine, epochs, runs } = summary;
  const miners = simulated.scenario.miners.reduce((sum, { count }) => sum + count, 0);
  const validators = simulated.scenario.validators.reduce((sum, { count }) => sum + count, 0);
  return [
    `scenario ${simulated.scenario.name}`,
    template === null ? "no template" : `template ${template}`,
    `${miners} miners, ${validators} validators`,
    `${epochs} epochs x ${runs} ${runs === 1 ? "run" : "runs"}`,
    `${engine} engine`,
    `seed ${seed}`,
  ].join(" · ");
}
