import type { Criterion } from "../../simulator/criterion.ts";

/** One row of the outcome. `row` begins with its section. */
export type CriterionRow = {
  row: string;
  required: string;
  measured: string;
  verdict: "pass" | "fail" | "not reached";
};

/** What it throws fails the row, with its message as what was measured: the other rows go on. */
export async function measureCriterion(criterion: Criterion): Promise<CriterionRow> {
  const named = nameOf(criterion);
  try {
    const { measured, pass } = await criterion.measure();
    return { ...named, measured, verdict: pass ? "pass" : "fail" };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...named, measured: `stopped: ${problem}`, verdict: "fail" };
  }
}

/** A row that takes minutes, in a quick run. */
export function notReached(criterion: Criterion): CriterionRow {
  return { ...nameOf(criterion), measured: "takes minutes: measured with --nightly", verdict: "not reached" };
}

function nameOf({ section, row, required }: Criterion): Pick<CriterionRow, "row" | "required"> {
  return { row: `${section} ${row}`, required };
}
