import type { RunRecord } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Fills the columns `cost` and `profit`. Bribes stand in `profit` already.
 *
 * The unit of a scenario's costs is one honest epoch. In emission, it is what honest miners earn on the mean of the
 * run: where anybody may enter, honest work as a whole breaks even. Where no honest miner earns, it is an equal share
 * of the miners' pay.
 */
export function chargeCosts(record: RunRecord, { chain }: Pick<Scenario, "chain">, roster: Roster): void {
  const { columns, epochs, neurons } = record;
  const { voters, miners } = roster;
  const unit = unitOf(record, chain.ownerCut);
  miners.forEach(({ group, facts }, miner) => {
    const until = Math.min(facts.leaveEpoch ?? epochs, epochs);
    for (let epoch = facts.joinEpoch; epoch < until; epoch++) {
      const isNew = epoch === facts.joinEpoch && epoch > 0;
      const registration = isNew ? chain.registrationCost : 0;
      columns.cost[epoch * neurons.length + voters.length + miner] =
        ((group.costPerEpoch ?? 1) + registration) * unit;
    }
  });
  columns.profit.forEach((received, at) => {
    columns.profit[at] = received + columns.emission[at]! - columns.cost[at]!;
  });
}

function unitOf({ columns, epochs, neurons }: RunRecord, ownerCut: number): number {
  let earned = 0;
  let honestEpochs = 0;
  let minerEpochs = 0;
  neurons.forEach(({ role, behaviour, joinEpoch, leaveEpoch = epochs }, neuron) => {
    if (role !== "miner") return;
    for (let epoch = joinEpoch; epoch < Math.min(leaveEpoch, epochs); epoch++) {
      minerEpochs++;
      if (behaviour !== "honest") continue;
      earned += columns.emission[epoch * neurons.length + neuron]!;
      honestEpochs++;
    }
  });
  if (earned > 0) return earned / honestEpochs;
  return minerEpochs > 0 ? (0.5 * (1 - ownerCut) * epochs) / minerEpochs : 0;
}
