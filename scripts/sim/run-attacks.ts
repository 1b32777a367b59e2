import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { type AttackRow, type AttackTable, measureAttacks } from "../../simulator/analysis/attack-table.ts";
import { summarise } from "../../simulator/analysis/summarise.ts";
import { type Attack, attacksOn, honestField, withAttack } from "../../simulator/attack-scenario.ts";
import { parseScenario, type Scenario } from "../../simulator/scenario.ts";
import { createOutput, table } from "../output.ts";
import { chooseSubnet } from "./choose-subnet.ts";
import { createPlay } from "./create-play.ts";
import { saveReport } from "./save-report.ts";

/** What the acceptance rows of the templates are measured over. */
const DEFAULT_EPOCHS = 20;

export type AttackArgs = {
  template: string;
  preset: string | undefined;
  config: unknown;
  epochs: number | undefined;
  runs: number | undefined;
  seed: string | undefined;
  engine: Scenario["engine"] | undefined;
  only: string | undefined;
  out: string | undefined;
  json: boolean;
};

/**
 * `subforge sim attack`: every attack against honest work.
 *
 * @returns 9 when one out-earns it.
 */
export async function runAttacks(args: AttackArgs, deps: { signal: AbortSignal }): Promise<number> {
  const { template, config } = await chooseSubnet(args.template, args);
  const { epochs = DEFAULT_EPOCHS, runs = 1, seed = "1", engine = "float" } = args;
  const field = parseScenario(honestField({ template: template.id, config, epochs, runs, seed, engine }));
  const attacks = chooseAttacks(attacksOn(template, epochs), args.only);

  const play = createPlay(template, deps.signal);
  const simulated = await play({ ...attacks.reduce(withAttack, field), name: "all attacks at once" });
  const found = await measureAttacks({ field, attacks, play });
  const command = `subforge sim attack -t ${args.template} --epochs ${epochs} --runs ${runs} --seed ${seed}`;
  const title = `Attacks on ${template.id} ${template.version}`;
  const report = { title, simulated, summary: summarise(simulated), attacks: found, command };
  const folder = await saveReport(report, {
    out: args.out,
    name: `attack-${template.id}${args.preset === undefined ? "" : `-${args.preset}`}`,
    seed,
    question: { attacks: attacks.map(({ name }) => name), field, version: template.version },
  });
  const failed = found.rows.filter(({ verdict }) => verdict === "fail");
  createOutput(args).result({ ok: failed.length === 0, folder, ...found }, [
    ...attackLines(found),
    ...(failed.length > 0 ? [`${failed.length} of ${found.rows.length} attacks pay`] : []),
    `report: ${folder}/index.html`,
  ]);
  return failed.length === 0 ? EXIT.ok : EXIT.check;
}

/** @throws SubforgeError CLI_USAGE for a name that is none of them */
function chooseAttacks(known: readonly Attack[], only: string | undefined): Attack[] {
  if (only === undefined) return [...known];
  return only.split(",").map((name) => {
    const attack = known.find((each) => each.name === name.trim());
    if (attack) return attack;
    const problem = `there is no attack ${name}; known: ${known.map((each) => each.name).join(", ")}`;
    throw new SubforgeError("CLI_USAGE", { problem, command: "sim attack" });
  });
}

function attackLines({ rows }: AttackTable): string[] {
  return table([
    ["strategy", "share of emission", "per unit of cost", "found out", "verdict"],
    ["honest", "", "1.00", "", "-"],
    ...rows.map((row) => [
      row.name,
      percent(row.share.mean),
      toText(row.perCost),
      foundOut(row),
      verdict(row),
    ]),
  ]);
}

function foundOut({ detectionEpochs }: AttackRow): string {
  return detectionEpochs === null ? "never" : `${Math.round(detectionEpochs)} epochs`;
}

function verdict(row: AttackRow): string {
  return row.verdict === "ok" ? "ok" : "FAIL  out-earns honest work";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function toText(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}
