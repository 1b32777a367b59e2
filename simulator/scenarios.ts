import type { SubnetTemplate } from "../shared/template.ts";
import { HONEST_GROUP } from "./attack-scenario.ts";
import { parseScenario, type Scenario } from "./scenario.ts";

type Groups = Pick<Scenario, "miners" | "validators"> & Partial<Pick<Scenario, "epochs" | "chain" | "views">>;

/** One that people look at first: what it shows, and who takes part. */
type Named = { describe: string; groups(template: SubnetTemplate | undefined): Partial<Groups> };

const field = { name: HONEST_GROUP, count: 12, behaviour: "honest", skill: { from: 0.5, to: 0.95 } } as const;
const validators = { name: "validators", count: 3, stake: 1, behaviour: "honest" } as const;

/** With their names, in the order of `--help`. */
const SCENARIOS: Readonly<Record<string, Named>> = {
  competition: {
    describe: "twelve honest miners of graded skill: does pay follow quality?",
    groups: () => ({ miners: [field], validators: [validators] }),
  },
  adversaries: {
    describe: "the same, and one of each of the template's adversaries",
    groups: (template) => ({
      miners: [
        field,
        ...(template?.agents ?? []).map(({ name }) => ({ name, count: 1, behaviour: name, skill: 0.75 })),
      ],
      validators: [validators],
    }),
  },
  newcomer: {
    describe: "a good model arrives after a third of the time: how long until it is paid what it is worth?",
    groups: () => ({
      epochs: 60,
      miners: [field, { name: "newcomer", count: 1, behaviour: "honest", skill: 0.9, joinEpoch: 20 }],
      validators: [validators],
    }),
  },
  improver: {
    describe: "a weak model that gets better in every epoch: when does that pay?",
    groups: () => ({
      epochs: 60,
      miners: [field, { name: "improver", count: 1, behaviour: "honest", skill: 0.4, drift: 0.01 }],
      validators: [validators],
    }),
  },
  cabal: {
    describe: "a validator with 40 % of the stake votes for a dead miner of its own: does anybody follow?",
    groups: () => ({
      miners: [field, { name: "dead", count: 1, behaviour: "honest", skill: 0, costPerEpoch: 0.05 }],
      validators: [
        { name: "validators", count: 5, stake: 0.6, behaviour: "honest" },
        { name: "cabal", count: 1, stake: 0.4, behaviour: "colluder", params: { target: "dead" } },
      ],
    }),
  },
  copier: {
    describe: "a validator that copies the weights of the others instead of asking: what are its dividends?",
    groups: () => ({
      epochs: 60,
      miners: [field],
      validators: [
        { name: "validators", count: 6, stake: 6, behaviour: "honest" },
        { name: "copier", count: 1, stake: 1, behaviour: "copier" },
      ],
      views: 3, // honest validators see different questions, or copying would cost nothing
    }),
  },
};

export const SCENARIO_NAMES: readonly string[] = Object.keys(SCENARIOS);

/**
 * One of `SCENARIOS` on a subnet.
 *
 * @param subnet - Id and configuration of the template that is handed in as `template`; undefined: abstract.
 * @throws SubforgeError CONFIG_INVALID
 */
export function createScenario(
  name: string,
  subnet?: { template: SubnetTemplate; config: unknown } | undefined,
): Scenario {
  return parseScenario({
    name,
    template: subnet?.template.id,
    config: subnet?.config,
    ...SCENARIOS[name]!.groups(subnet?.template),
  });
}
