import type { Summary } from "./summary.ts";

/** One number of a summary under its name, such as "copycat: share of incentive". */
export type NamedNumber = { name: string; value: number | null };

/** The numbers that two summaries are compared by: means, not their bands. */
export function summaryNumbers(summary: Summary): NamedNumber[] {
  return [
    ...summary.miners.flatMap(({ name, share, perCost, profit, newcomerEpochs }) => [
      { name: `${name}: share of incentive`, value: share.mean },
      { name: `${name}: earned per unit of cost`, value: perCost?.mean ?? null },
      { name: `${name}: profit per epoch`, value: profit.mean },
      { name: `${name}: epochs until 90 % of its reward`, value: newcomerEpochs?.mean ?? null },
    ]),
    ...summary.validators.flatMap(({ name, dividends, perStake, validatorTrust }) => [
      { name: `${name}: share of dividends`, value: dividends.mean },
      { name: `${name}: dividends per stake`, value: perStake.mean },
      { name: `${name}: validator trust`, value: validatorTrust.mean },
    ]),
    { name: "Gini of incentive", value: summary.gini.mean },
    { name: "effective number of miners", value: summary.effectiveMiners.mean },
    { name: "rank correlation of quality and incentive", value: summary.rankCorrelation?.mean ?? null },
    { name: "churn per epoch", value: summary.churn.mean },
  ];
}
