import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { type AttackBreakEvenOptions, findAttackBreakEven } from "../../simulator/analysis/attack-dial.ts";
import type { Play } from "../../simulator/analysis/attack-table.ts";
import { describeBreakEven } from "../../simulator/analysis/break-even.ts";
import { compare } from "../../simulator/analysis/compare.ts";
import { holdAgainst } from "../../simulator/analysis/hold-against.ts";
import type { FieldValue } from "../../simulator/analysis/set-field.ts";
import { summarise } from "../../simulator/analysis/summarise.ts";
import { parseSummary, type Summary } from "../../simulator/analysis/summary.ts";
import { type SweepAxis, sweep } from "../../simulator/analysis/sweep.ts";
import { attacksOn, honestField } from "../../simulator/attack-scenario.ts";
import type { Report } from "../../simulator/report/report.ts";
import type { Scenario } from "../../simulator/scenario.ts";
import { createOutput, table } from "../output.ts";
import { type ChosenScenario, chooseScenario, readJson, type ScenarioArgs } from "./choose-scenario.ts";
import { createPlay } from "./create-play.ts";
import { saveReport } from "./save-report.ts";

export type SimulationArgs = ScenarioArgs & {
  sweep: string | undefined;
  findBreakeven: string | undefined;
  compare: string | undefined;
  hold: string | undefined;
  out: string | undefined;
  json: boolean;
};

/** Where a dial that no agent describes is searched. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  stake: [0.05, 0.6],
  skill: [0, 1],
  k: [2, 12],
  costPerEpoch: [0.01, 1],
};

/**
 * `subforge sim run`: who earns what.
 *
 * @returns 9 when `--hold` finds a number that moved.
 */
export async function runSimulation(args: SimulationArgs, deps: { signal: AbortSignal }): Promise<number> {
  const chosen = await chooseScenario(args);
  const { scenario, template } = chosen;
  const play = createPlay(template, deps.signal);
  const axis = args.sweep === undefined ? undefined : parseAxis(args.sweep);
  const dial = args.findBreakeven === undefined ? undefined : chooseDial(args.findBreakeven, chosen, play);
  const stored = args.hold === undefined ? undefined : parseSummary(await readJson(args.hold));
  const other =
    args.compare === undefined ? undefined : await chooseScenario({ ...args, scenario: args.compare });

  const simulated = await play(scenario);
  const summary = summarise(simulated);
  const report: Report = {
    title: `${scenario.name}${template ? ` on ${template.id} ${template.version}` : ""}`,
    simulated,
    summary,
    sweep: axis && (await sweep({ scenario, axes: [axis], play })),
    breakEvens: dial && [await findAttackBreakEven(dial)],
    comparison: other && compare(summary, await summaryOf(other, deps)),
    regression: stored && holdAgainst(stored, summary),
  };
  const { sweep: swept, find, held } = { sweep: args.sweep, find: args.findBreakeven, held: args.hold };
  const folder = await saveReport(report, {
    out: args.out,
    name: template ? `${template.id}-${scenario.name}` : scenario.name,
    seed: scenario.seed,
    question: { scenario, version: template?.version, swept, find, held, other: other?.scenario },
  });
  const { title: _, simulated: __, ...found } = report;
  const ok = report.regression?.verdict !== "fail";
  createOutput(args).result({ ok, folder, ...found }, [...linesOf(report), `report: ${folder}/index.html`]);
  return ok ? EXIT.ok : EXIT.check;
}

async function summaryOf(
  { scenario, template }: ChosenScenario,
  { signal }: { signal: AbortSignal },
): Promise<Summary> {
  return summarise(await createPlay(template, signal)(scenario));
}

/** `chain.kappa=0.4,0.5,0.6` */
function parseAxis(text: string): SweepAxis {
  const [path = "", list = ""] = text.split("=", 2);
  if (path === "" || list === "") throw usage(`--sweep is PATH=A,B,C, not ${text}`);
  return { path, values: list.split(",").map(toValue) };
}

function toValue(text: string): FieldValue {
  if (text === "true" || text === "false") return text === "true";
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

/** `copycat.noise`: an attack and one of its dials, with the range in which it makes sense. */
function chooseDial(
  text: string,
  { scenario, template }: ChosenScenario,
  play: Play,
): AttackBreakEvenOptions {
  const [name, dial = ""] = text.split(".", 2);
  const attacks = attacksOn(template, scenario.epochs);
  const attack = attacks.find((each) => each.name === name);
  if (!attack)
    throw usage(`there is no attack ${name}; known: ${attacks.map((each) => each.name).join(", ")}`);
  const param = template?.agents.find((agent) => agent.name === name)?.params?.[dial];
  const range = param ? [param.min, param.max] : RANGES[dial];
  if (!range) throw usage(`${name} has no dial ${dial}; every attack has ${Object.keys(RANGES).join(", ")}`);
  return { field: fieldOf(scenario), attack, dial, low: range[0]!, high: range[1]!, play };
}

/** Attacks are measured against the field that they are always measured against, under this scenario's rules. */
function fieldOf(scenario: Scenario): Scenario {
  const { template, config, epochs, runs, seed, engine, chain } = scenario;
  return { ...honestField({ template, config, epochs, runs, seed, engine }), chain };
}

function linesOf({ summary, sweep: swept, breakEvens, comparison, regression }: Report): string[] {
  return [
    ...groupLines(summary),
    ...(swept ? ["", ...sweepLines(swept)] : []),
    ...(breakEvens ?? []).map(describeBreakEven),
    ...(comparison ? ["", ...numberLines(comparison.a, comparison.b, comparison.rows)] : []),
    ...(regression
      ? [
          `${regression.numbers} numbers held against the stored summary: ${regression.verdict}`,
          ...(regression.moved.length > 0 ? numberLines("stored", "now", regression.moved) : []),
        ]
      : []),
  ];
}

function groupLines({ miners, validators, rankCorrelation, effectiveMiners }: Summary): string[] {
  return [
    ...table([
      ["miners", "members", "share of incentive", "5-95 %", "per unit of cost"],
      ...miners.map(({ name, members, share, perCost }) => [
        ...[name, String(members), percent(share.mean), `${percent(share.low)} - ${percent(share.high)}`],
        perCost ? perCost.mean.toFixed(2) : "-",
      ]),
    ]),
    "",
    ...table([
      ["validators", "members", "stake", "dividends", "per stake"],
      ...validators.map(({ name, members, stake, dividends, perStake }) => [
        ...[name, String(members), percent(stake), percent(dividends.mean), perStake.mean.toFixed(2)],
      ]),
    ]),
    "",
    `rank correlation of quality and incentive ${rankCorrelation ? rankCorrelation.mean.toFixed(2) : "-"}, paid as if ${effectiveMiners.mean.toFixed(1)} miners shared equally`,
  ];
}

function sweepLines({ paths, points }: NonNullable<Report["sweep"]>): string[] {
  const groups = points[0]?.summary.miners.map(({ name }) => name) ?? [];
  return table([
    [...paths, ...groups.map((name) => `share of ${name}`)],
    ...points.map(({ values, summary }) => [
      ...paths.map((path) => String(values[path])),
      ...summary.miners.map(({ share }) => percent(share.mean)),
    ]),
  ]);
}

type Numbers = NonNullable<Report["comparison"]>["rows"];

function numberLines(a: string, b: string, rows: Numbers): string[] {
  const shown = (value: number | null | undefined) =>
    typeof value === "number" ? value.toPrecision(4) : "-";
  return table([["number", a, b], ...rows.map((row) => [row.name, shown(row.a), shown(row.b)])]);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function usage(problem: string): SubforgeError<"CLI_USAGE"> {
  return new SubforgeError("CLI_USAGE", { problem, command: "sim run" });
}
