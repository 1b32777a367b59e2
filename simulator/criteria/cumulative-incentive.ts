import type { SubnetTemplate } from "../../shared/template.ts";
import type { RunRecord } from "../records.ts";
import type { MinerGroup, Scenario } from "../scenario.ts";
import { simulate } from "../simulate.ts";

/** One miner after all epochs of a run. */
type Earned = { name: string; group: string; quality: number | undefined; incentive: number };

/** What each miner was paid over a scenario's only run: its incentive, summed over the epochs. */
export async function earnedIn(scenario: Scenario, template: SubnetTemplate): Promise<Earned[]> {
  const { runs } = await simulate(scenario, { template });
  return cumulativeIncentive(runs[0]!);
}

function cumulativeIncentive({ neurons, epochs, columns }: RunRecord): Earned[] {
  return neurons.flatMap(({ name, group, role, quality }, neuron) => {
    if (role !== "miner") return [];
    let incentive = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      incentive += columns.incentive[epoch * neurons.length + neuron]!;
    }
    return [{ name, group, quality, incentive }];
  });
}

/** The best of a group, and a group as a whole. */
export function bestOf(earned: readonly Earned[], group: string): number {
  return Math.max(0, ...earned.filter((of) => of.group === group).map(({ incentive }) => incentive));
}

export function sumOf(earned: readonly Earned[], group: string): number {
  return earned.filter((of) => of.group === group).reduce((sum, { incentive }) => sum + incentive, 0);
}

/** Of each member of a group: its raw score in every epoch. */
export async function rawScoresIn(
  scenario: Scenario,
  template: SubnetTemplate,
  group: string,
): Promise<number[][]> {
  const { runs } = await simulate(scenario, { template });
  const { neurons, epochs, columns } = runs[0]!;
  return neurons.flatMap((facts, neuron) =>
    facts.group === group
      ? [Array.from({ length: epochs }, (_, epoch) => columns.raw[epoch * neurons.length + neuron]!)]
      : [],
  );
}

/** Groups named after the attack that they carry out. */
export function attackers(behaviour: string, change: Partial<MinerGroup> = {}): MinerGroup {
  return { name: behaviour, count: 1, behaviour, skill: 0.75, ...change };
}
