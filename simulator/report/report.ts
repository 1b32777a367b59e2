import type { AttackTable } from "../analysis/attack-table.ts";
import type { BreakEven } from "../analysis/break-even.ts";
import type { Comparison } from "../analysis/compare.ts";
import type { Regression } from "../analysis/hold-against.ts";
import type { Summary } from "../analysis/summary.ts";
import type { Sweep } from "../analysis/sweep.ts";
import type { Simulated } from "../records.ts";

/** All that was found out about a scenario: what every kind of report is made from. */
export type Report = {
  title: string;
  /** What was played. In a report of attacks: the honest field, or the field with every attack in it. */
  simulated: Simulated;
  summary: Summary;
  attacks?: AttackTable | undefined;
  breakEvens?: readonly BreakEven[] | undefined;
  sweep?: Sweep | undefined;
  comparison?: Comparison | undefined;
  regression?: Regression | undefined;
  criteria?: readonly CriterionOutcome[] | undefined;
  /** The command that makes this report again, as it would be typed. */
  command?: string | undefined;
};

/** A requirement, and what was measured. */
export type CriterionOutcome = {
  row: string;
  required: string;
  measured: string;
  verdict: "pass" | "fail" | "not reached";
};
