import type { AttackRow } from "../analysis/attack-table.ts";
import { describeBreakEven } from "../analysis/break-even.ts";
import { NOTHING, percent, plain, withBand } from "./format-number.ts";
import type { Report } from "./report.ts";

/** A table of text, before it is Markdown or HTML. */
export type Table = {
  title: string;
  /** What to know before reading it. */
  note?: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** Columns of numbers stand on the right. */
  numbers: readonly number[];
};

export function tablesOf(report: Report): Table[] {
  return [
    ...criteriaTable(report),
    ...attackTable(report),
    ...breakEvenTable(report),
    ...regressionTable(report),
    ...comparisonTable(report),
    minerTable(report),
    validatorTable(report),
    ...sweepTable(report),
  ];
}

/** The verdict of an attack's row, in words. */
function attackVerdict({ verdict }: Pick<AttackRow, "verdict">): string {
  return verdict === "ok" ? "ok" : "FAIL out-earns honest work";
}

/** What an attack earns per unit of cost, in words where a number says nothing. */
export function perCostText({ perCost, verdict }: Pick<AttackRow, "perCost" | "verdict">): string {
  if (perCost === null) return verdict === "fail" ? "free" : NOTHING;
  return perCost < 0 ? "below 0" : perCost.toFixed(2);
}

function criteriaTable({ criteria }: Report): Table[] {
  if (!criteria) return [];
  return [
    {
      title: "Criteria",
      head: ["row", "required", "measured", "verdict"],
      rows: criteria.map(({ row, required, measured, verdict }) => [row, required, measured, verdict]),
      numbers: [],
    },
  ];
}

function attackTable({ attacks }: Report): Table[] {
  if (!attacks) return [];
  const honest = [attacks.honest.name, NOTHING, "1.00", "1.00", NOTHING, NOTHING, NOTHING];
  return [
    {
      title: "Attacks",
      note: "Each is played alone against honest miners. Profit is what it earns per epoch beyond the same budget as honest work, in shares of an epoch's emission; detected is after how many epochs its incentive stays at nothing.",
      head: [
        "strategy",
        "share of incentive",
        "per unit of cost",
        "honest work",
        "profit",
        "detected",
        "verdict",
      ],
      rows: [
        honest,
        ...attacks.rows.map((row) => [
          row.name,
          withBand(row.share, percent),
          perCostText(row),
          row.honestPerCost.toFixed(2),
          percent(row.advantage),
          row.detectionEpochs === null ? "never" : plain(row.detectionEpochs),
          attackVerdict(row),
        ]),
      ],
      numbers: [1, 2, 3, 4, 5],
    },
  ];
}

function breakEvenTable({ attacks, breakEvens = [] }: Report): Table[] {
  const all = [...breakEvens, ...(attacks?.rows ?? []).flatMap(({ breakEven = [] }) => breakEven)];
  if (all.length === 0) return [];
  return [
    {
      title: "Break-even",
      head: ["dial", "searched", "outcome", "values played"],
      rows: all.map((found) => [
        found.dial,
        `${plain(found.low)} to ${plain(found.high)}`,
        describeBreakEven(found),
        String(found.points.length),
      ]),
      numbers: [3],
    },
  ];
}

function regressionTable({ regression }: Report): Table[] {
  if (!regression) return [];
  const { moved, tolerance, numbers, verdict } = regression;
  return [
    {
      title: "Held against the stored summary",
      note: `${verdict}: ${moved.length} of ${numbers} numbers moved by more than ${plain(tolerance * 100)} %.`,
      head: ["number", "stored", "now", "change"],
      rows: moved.map(({ name, a, b, change }) => [name, plain(a), plain(b), plain(change)]),
      numbers: [1, 2, 3],
    },
  ];
}

function comparisonTable({ comparison }: Report): Table[] {
  if (!comparison) return [];
  const { a, b, rows } = comparison;
  return [
    {
      title: "Comparison",
      head: ["number", a === b ? `${a} (first)` : a, a === b ? `${b} (second)` : b, "change"],
      rows: rows.map((row) => [row.name, plain(row.a), plain(row.b), plain(row.change)]),
      numbers: [1, 2, 3],
    },
  ];
}

function minerTable({ summary }: Report): Table {
  return {
    title: "Miners",
    note: "Per unit of cost: 1 is what honest miners earn. Profit: per epoch, in shares of an epoch's emission. In brackets: 5 % to 95 % of the runs.",
    head: [
      "group",
      "behaviour",
      "members",
      "share of incentive",
      "per unit of cost",
      "profit",
      "epochs to 90 %",
    ],
    rows: summary.miners.map((group) => [
      group.name,
      group.behaviour,
      String(group.members),
      withBand(group.share, percent),
      withBand(group.perCost, (value) => value.toFixed(2)),
      withBand(group.profit, percent),
      withBand(group.newcomerEpochs, plain),
    ]),
    numbers: [2, 3, 4, 5, 6],
  };
}

function validatorTable({ summary }: Report): Table {
  return {
    title: "Validators",
    head: ["group", "behaviour", "members", "stake", "share of dividends", "per stake", "validator trust"],
    rows: summary.validators.map((group) => [
      group.name,
      group.behaviour,
      String(group.members),
      percent(group.stake),
      withBand(group.dividends, percent),
      withBand(group.perStake, (value) => value.toFixed(2)),
      withBand(group.validatorTrust, plain),
    ]),
    numbers: [2, 3, 4, 5, 6],
  };
}

function sweepTable({ sweep }: Report): Table[] {
  if (!sweep) return [];
  const groups = sweep.points[0]?.summary.miners.map(({ name }) => name) ?? [];
  return [
    {
      title: "Sweep",
      note: "Share of all incentive of each group, and the rank correlation of quality and incentive.",
      head: [...sweep.paths, ...groups, "rank correlation"],
      rows: sweep.points.map(({ values, summary }) => [
        ...sweep.paths.map((path) => String(values[path])),
        ...groups.map((name) => percent(summary.miners.find((group) => group.name === name)?.share.mean)),
        plain(summary.rankCorrelation?.mean),
      ]),
      numbers: Array.from({ length: sweep.paths.length + groups.length + 1 }, (_, i) => i),
    },
  ];
}
