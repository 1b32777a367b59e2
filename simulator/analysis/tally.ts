import type { Column, NeuronFacts, RunRecord } from "../records.ts";

/** What a neuron, or a group of them, had over a whole run. Sums over epochs, in the units of the records. */
export type Tally = {
  incentive: number;
  dividend: number;
  emission: number;
  /** Emission with the bribes it took, without those it paid. */
  earned: number;
  cost: number;
  /** Epochs in which it was registered, summed over members. */
  epochs: number;
};

/** Of the neurons that `includes` chooses. */
export function tally(record: RunRecord, includes: (facts: NeuronFacts) => boolean): Tally {
  const sum: Tally = { incentive: 0, dividend: 0, emission: 0, earned: 0, cost: 0, epochs: 0 };
  record.neurons.forEach((facts, neuron) => {
    if (!includes(facts)) return;
    sum.incentive += sumOf(record, "incentive", neuron);
    sum.dividend += sumOf(record, "dividend", neuron);
    sum.emission += sumOf(record, "emission", neuron);
    const cost = sumOf(record, "cost", neuron);
    sum.cost += cost;
    sum.earned += sumOf(record, "profit", neuron) + cost;
    sum.epochs += epochsThere(record, facts);
  });
  return sum;
}

/** Of one neuron over all epochs. */
export function sumOf({ columns, epochs, neurons }: RunRecord, column: Column, neuron: number): number {
  let sum = 0;
  for (let epoch = 0; epoch < epochs; epoch++) sum += columns[column][epoch * neurons.length + neuron]!;
  return sum;
}

export function epochsThere({ epochs }: RunRecord, { joinEpoch, leaveEpoch = epochs }: NeuronFacts): number {
  return Math.max(0, Math.min(leaveEpoch, epochs) - joinEpoch);
}

/** A column of some neurons together, one value per epoch. */
export function seriesOf(
  { columns, epochs, neurons }: RunRecord,
  column: Column,
  includes: (facts: NeuronFacts) => boolean,
): number[] {
  const chosen = neurons.flatMap((facts, neuron) => (includes(facts) ? [neuron] : []));
  return Array.from({ length: epochs }, (_, epoch) =>
    chosen.reduce((sum, neuron) => sum + columns[column][epoch * neurons.length + neuron]!, 0),
  );
}
