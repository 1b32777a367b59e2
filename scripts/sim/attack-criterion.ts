import { quickConfigOf } from "../../shared/quick-config.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { type AttackRow, measureAttacks } from "../../simulator/analysis/attack-table.ts";
import { attacksOn, honestField } from "../../simulator/attack-scenario.ts";
import type { Criterion } from "../../simulator/criterion.ts";
import { simulate } from "../../simulator/simulate.ts";

const EPOCHS = 20;

/** What `sim attack` finds on a template that ships with subforge. */
export function attackCriterion(template: SubnetTemplate): Criterion {
  return {
    section: "13",
    row: `attacks on ${template.id}`,
    required: "no adversary earns more per unit of cost than honest work",
    async measure() {
      const how = {
        config: quickConfigOf(template, undefined),
        epochs: EPOCHS,
        runs: 1,
        seed: "1",
        engine: "float",
      } as const;
      const field = honestField({ ...how, template: template.id });
      const attacks = attacksOn(template, EPOCHS);
      const { rows } = await measureAttacks({
        ...{ field, attacks },
        play: (scenario) => simulate(scenario, { template }),
      });
      return { measured: rows.map(toText).join(", "), pass: rows.every(({ verdict }) => verdict === "ok") };
    },
  };
}

/** What honest work of the same budget earns is told too: an attacker of more skill than the field may earn more. */
function toText({ name, perCost, honestPerCost }: AttackRow): string {
  return `${name} ${perCost?.toFixed(2) ?? "-"} of ${honestPerCost.toFixed(2)}`;
}
