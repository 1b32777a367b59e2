import { spearman } from "../../shared/rules/spearman.ts";
import type { NeuronFacts, RunRecord, Simulated } from "../records.ts";
import { type Band, effectiveNumber, gini, mean, toBand } from "./distribution.ts";
import {
  type MinerGroupSummary,
  SUMMARY_SCHEMA,
  type Summary,
  type ValidatorGroupSummary,
} from "./summary.ts";
import { epochsThere, seriesOf, sumOf, tally } from "./tally.ts";

/** A newcomer has arrived when it earns this share of what it settles at. */
const ARRIVED = 0.9;
/** What it settles at is the mean of this last share of its time. */
const SETTLED = 0.25;

/** Who earned what, over all runs. */
export function summarise(simulated: Simulated): Summary {
  const { scenario, template, runs } = simulated;
  return {
    schema: SUMMARY_SCHEMA,
    scenario: scenario.name,
    template: template ? `${template.id} ${template.version}` : null,
    seed: scenario.seed,
    engine: scenario.engine,
    epochs: scenario.epochs,
    runs: scenario.runs,
    miners: scenario.miners.map((group) => summariseMiners(group, runs)),
    validators: scenario.validators.map((group) => summariseValidators(group, runs)),
    gini: overRuns(runs, (record) => gini(minerIncentives(record))),
    effectiveMiners: overRuns(runs, (record) => effectiveNumber(minerIncentives(record))),
    rankCorrelation: overSomeRuns(runs, rankCorrelation),
    churn: overRuns(runs, churn),
  };
}

type Group = { name: string; behaviour: string; count: number };

function summariseMiners({ name, behaviour, count }: Group, runs: readonly RunRecord[]): MinerGroupSummary {
  const isMember = (facts: NeuronFacts) => facts.role === "miner" && facts.group === name;
  return {
    name,
    behaviour,
    members: count,
    share: overRuns(runs, (record) =>
      shareOf(tally(record, isMember).incentive, tally(record, isMiner).incentive),
    ),
    perCost: overSomeRuns(runs, (record) => perCost(record, isMember, isHonest)),
    profit: overRuns(runs, (record) => {
      const { earned, cost } = tally(record, isMember);
      return (earned - cost) / record.epochs;
    }),
    newcomerEpochs: overSomeRuns(runs, (record) => newcomerEpochs(record, isMember)),
  };
}

function summariseValidators(
  { name, behaviour, count }: Group,
  runs: readonly RunRecord[],
): ValidatorGroupSummary {
  const isMember = (facts: NeuronFacts) => facts.role === "validator" && facts.group === name;
  const stake = runs[0]!.neurons.filter(isMember).reduce((sum, facts) => sum + facts.stake, 0);
  const dividends = (record: RunRecord) =>
    shareOf(tally(record, isMember).dividend, tally(record, isValidator).dividend);
  return {
    name,
    behaviour,
    members: count,
    stake,
    dividends: overRuns(runs, dividends),
    perStake: overRuns(runs, (record) => shareOf(dividends(record), stake)),
    validatorTrust: overRuns(runs, (record) =>
      mean(seriesOf(record, "validatorTrust", isMember).map((sum) => sum / count)),
    ),
  };
}

/**
 * What a group earned per unit of cost, where `reference` earned 1.
 *
 * @returns undefined when the group cost nothing, or the reference earned nothing.
 */
function perCost(
  record: RunRecord,
  isMember: (facts: NeuronFacts) => boolean,
  isReference: (facts: NeuronFacts) => boolean,
): number | undefined {
  const group = tally(record, isMember);
  const reference = tally(record, isReference);
  if (group.cost <= 0 || reference.cost <= 0 || reference.earned <= 0) return undefined;
  return group.earned / group.cost / (reference.earned / reference.cost);
}

function minerIncentives(record: RunRecord): number[] {
  return record.neurons.flatMap((facts, neuron) =>
    isMiner(facts) && epochsThere(record, facts) > 0 ? [sumOf(record, "incentive", neuron)] : [],
  );
}

/** Of honest miners: the mean incentive of an epoch against the skill they came with. */
function rankCorrelation(record: RunRecord): number | undefined {
  const qualities: number[] = [];
  const incentives: number[] = [];
  record.neurons.forEach((facts, neuron) => {
    const there = epochsThere(record, facts);
    if (facts.quality === undefined || there === 0) return;
    qualities.push(facts.quality);
    incentives.push(sumOf(record, "incentive", neuron) / there);
  });
  const correlation = spearman(qualities, incentives);
  return Number.isNaN(correlation) ? undefined : correlation;
}

function newcomerEpochs(record: RunRecord, isMember: (facts: NeuronFacts) => boolean): number | undefined {
  const members = record.neurons.filter((facts) => isMember(facts) && facts.joinEpoch > 0);
  const waits = members.flatMap((facts) => {
    const there = epochsThere(record, facts);
    if (there === 0) return [];
    const all = seriesOf(record, "incentive", (other) => other === facts);
    const series = all.slice(facts.joinEpoch, facts.joinEpoch + there);
    const settled = mean(series.slice(-Math.ceil(there * SETTLED)));
    return settled > 0 ? [series.findIndex((incentive) => incentive >= ARRIVED * settled)] : [];
  });
  return waits.length > 0 ? mean(waits) : undefined;
}

function churn(record: RunRecord): number {
  const miners = record.neurons.filter((facts) => isMiner(facts) && epochsThere(record, facts) > 0);
  const left = miners.filter(({ leaveEpoch }) => leaveEpoch !== undefined && leaveEpoch < record.epochs);
  const there = miners.reduce((sum, facts) => sum + epochsThere(record, facts), 0);
  return shareOf(left.length, there);
}

function overRuns(runs: readonly RunRecord[], measure: (record: RunRecord) => number): Band {
  return toBand(runs.map(measure))!;
}

function overSomeRuns(
  runs: readonly RunRecord[],
  measure: (record: RunRecord) => number | undefined,
): Band | null {
  const values = runs.map(measure).filter((value) => value !== undefined);
  return toBand(values) ?? null;
}

function shareOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function isMiner({ role }: NeuronFacts): boolean {
  return role === "miner";
}

function isValidator({ role }: NeuronFacts): boolean {
  return role === "validator";
}

function isHonest({ role, behaviour }: NeuronFacts): boolean {
  return role === "miner" && behaviour === "honest";
}
