import { summarise } from "../analysis/summarise.ts";
import type { NeuronFacts, Simulated } from "../records.ts";
import { parseScenario } from "../scenario.ts";
import { simulate } from "../simulate.ts";
import type { Report } from "./report.ts";

/** What somebody may call a miner who wants to be more than a name. */
export const MARKUP_NAME = `<img src=x onerror="document.title='owned'">`;
const FORMULA_NAME = "=HYPERLINK(1)";

/** A report with everything in it, of miners with names that are markup, formulas and orders to a terminal. */
export async function hostileReport(): Promise<Report> {
  const scenario = parseScenario({
    name: "names",
    epochs: 12,
    runs: 2,
    miners: [
      { name: "honest", count: 4, skill: { from: 0.5, to: 0.9 } },
      { name: "markup", count: 1, skill: 0.7 },
      { name: "formula", count: 1, skill: 0.6, joinEpoch: 4 },
    ],
    validators: [{ name: "validators", count: 3, stake: 1 }],
  });
  const simulated = renamed(await simulate(scenario));
  return { title: MARKUP_NAME, simulated, summary: summarise(simulated), command: `sim run ${MARKUP_NAME}` };
}

function renamed({ scenario, runs }: Simulated): Simulated {
  const name = (text: string) => text.replace("markup", MARKUP_NAME).replace("formula", FORMULA_NAME);
  const facts = (one: NeuronFacts) => ({ ...one, name: name(one.name), group: name(one.group) });
  return {
    scenario: { ...scenario, miners: scenario.miners.map((group) => ({ ...group, name: name(group.name) })) },
    runs: runs.map((run) => ({ ...run, neurons: run.neurons.map(facts) })),
  };
}
