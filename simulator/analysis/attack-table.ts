import type { Attack } from "../attack-scenario.ts";
import { HONEST_GROUP, withAttack } from "../attack-scenario.ts";
import type { NeuronFacts, RunRecord, Simulated } from "../records.ts";
import type { MinerGroup, Scenario, ValidatorGroup } from "../scenario.ts";
import type { BreakEven } from "./break-even.ts";
import { type Band, mean, toBand } from "./distribution.ts";
import { seriesOf, tally } from "./tally.ts";

/** What an attack may earn above honest work before it counts: less is luck of the draw. */
const TOLERANCE = 0.05;
/** Incentive below this part of an equal share is none. */
const NOTHING = 0.01;
/** Emission below this share of an epoch is rounding, where there is no cost to hold it against. */
const ROUNDING = 1e-6;

export type AttackRow = {
  name: string;
  describe: string;
  /** Of all incentive that miners had. */
  share: Band;
  /** Costs of one epoch in units of an honest one. */
  cost: number;
  /** Earned per unit of cost, where the honest miners of the field earn 1. Null: it costs nothing, or they earn nothing. */
  perCost: number | null;
  /** What the same budget earns per unit of cost as honest work, the better of: as the field does, or with that skill. */
  honestPerCost: number;
  /** Profit per epoch minus the profit of the same budget spent on honest work, in shares of what an epoch emits. */
  advantage: number;
  /** Epochs from its first until its incentive stays at nothing, mean over runs. Null: in some run it never does. */
  detectionEpochs: number | null;
  /** fail: out-earns honest work. */
  verdict: "ok" | "fail";
  breakEven?: readonly BreakEven[];
};

export type AttackTable = {
  /** The honest miners of the field, without an attack. */
  honest: { name: string; share: Band; perCost: 1 };
  rows: readonly AttackRow[];
};

/** Plays a scenario: `simulate` with the template of the field. */
export type Play = (scenario: Scenario) => Promise<Simulated>;

export type AttackOptions = {
  /** As `honestField` makes it: its miners in `HONEST_GROUP` are what attacks are measured against. */
  field: Scenario;
  attacks: readonly Attack[];
  play: Play;
  /** After each attack; counts from 1. */
  onProgress?: ((done: { attack: string; done: number; of: number; row: AttackRow }) => void) | undefined;
};

/**
 * Plays each attack against the field, and the same budget as honest work: the attackers replaced by honest miners of
 * the same skill with models of their own. An attack fails the table when it earns more per unit of cost than honest
 * work does, which is the better of those and of the field itself: who attacks could have done either.
 */
export async function measureAttacks(options: AttackOptions): Promise<AttackTable> {
  const { field, attacks, onProgress } = options;
  const play = playOnce(options.play);
  const rows: AttackRow[] = [];
  for (const attack of attacks) {
    const row = await measureAttack(field, attack, play);
    rows.push(row);
    onProgress?.({ attack: attack.name, done: rows.length, of: attacks.length, row });
  }
  return { honest: { name: HONEST_GROUP, share: { mean: 1, low: 1, high: 1 }, perCost: 1 }, rows };
}

/** One row of the table. */
export async function measureAttack(field: Scenario, attack: Attack, play: Play): Promise<AttackRow> {
  const { runs } = await play(withAttack(field, attack));
  const honestly = honestWork(attack);
  const honest = (await play(withAttack(field, honestly))).runs;
  const dividends = mean(runs.map((record) => paidTo(record, attack.validators)));
  const honestDividends = mean(honest.map((record) => paidTo(record, honestly.validators)));

  const own = meanYield(runs, isOf(attack.miners));
  const inField = meanYield(runs, isField);
  const sameBudget = meanYield(honest, isOf(honestly.miners));
  const fieldThen = meanYield(honest, isField);
  // What the attack moves to its validators, beyond what their stake earns anyway, is earned by it too.
  const earned = own.earned + dividends - honestDividends;
  const honestPerCost = Math.max(1, ratio(yieldOf(sameBudget), yieldOf(fieldThen)) ?? 1);
  const perCost = ratio(own.cost > 0 ? earned / own.cost : undefined, yieldOf(inField));
  const advantage = earned - own.cost * (yieldOf(inField) ?? 0) * honestPerCost;
  return {
    name: attack.name,
    describe: attack.describe,
    share: toBand(runs.map((record) => shareOfIncentive(record, isOf(attack.miners))))!,
    cost: attack.miners.length > 0 ? costOf(own, inField) : 0,
    perCost: perCost ?? null,
    honestPerCost,
    advantage,
    detectionEpochs: detectionEpochs(runs, isOf(attack.miners)),
    verdict: pays(perCost, honestPerCost, earned) ? "fail" : "ok",
  };
}

function pays(perCost: number | undefined, honestPerCost: number, earned: number): boolean {
  return perCost === undefined ? earned > ROUNDING : perCost > honestPerCost * (1 + TOLERANCE);
}

/** The same budget without the attack. Names are the same for all, so that equal ones are played once. */
function honestWork({ miners, validators = [] }: Attack): Attack {
  return {
    name: "same budget",
    describe: "the same budget as honest work",
    miners: miners.map(
      ({ count, skill, drift, latencyMs, joinEpoch, leaveEpoch }, i): MinerGroup => ({
        ...{ name: `same budget ${i + 1}`, count, behaviour: "honest", skill },
        ...{ drift, latencyMs, joinEpoch, leaveEpoch },
      }),
    ),
    validators: validators.map(
      ({ count, stake }, i): ValidatorGroup => ({
        ...{ name: `same stake ${i + 1}`, count, stake, behaviour: "honest" },
      }),
    ),
  };
}

function playOnce(play: Play): Play {
  const played = new Map<string, Promise<Simulated>>();
  return (scenario) => {
    const key = JSON.stringify(scenario);
    const known = played.get(key) ?? play(scenario);
    // An attack is played once anyhow: only what several are held against is worth its memory.
    if (scenario.name === "same budget") played.set(key, known);
    return known;
  };
}

type Yield = { earned: number; cost: number; honestEpochs: number };

/** Per epoch, mean over runs. */
function meanYield(runs: readonly RunRecord[], isMember: (facts: NeuronFacts) => boolean): Yield {
  const tallies = runs.map((record) => ({ ...tally(record, isMember), of: record.epochs }));
  return {
    earned: mean(tallies.map(({ earned, of }) => earned / of)),
    cost: mean(tallies.map(({ cost, of }) => cost / of)),
    honestEpochs: mean(tallies.map(({ epochs, of }) => epochs / of)),
  };
}

function yieldOf({ earned, cost }: Yield): number | undefined {
  return cost > 0 ? earned / cost : undefined;
}

/** A miner of the field costs 1 in an epoch. */
function costOf(own: Yield, field: Yield): number {
  return field.cost > 0 ? own.cost / (field.cost / field.honestEpochs) : 0;
}

function ratio(value: number | undefined, reference: number | undefined): number | undefined {
  if (value === undefined || reference === undefined || reference <= 0) return undefined;
  return value / reference;
}

function paidTo(record: RunRecord, validators: readonly ValidatorGroup[] | undefined): number {
  const isMember = (facts: NeuronFacts) =>
    facts.role === "validator" && (validators ?? []).some(({ name }) => name === facts.group);
  return tally(record, isMember).earned / record.epochs;
}

function shareOfIncentive(record: RunRecord, isMember: (facts: NeuronFacts) => boolean): number {
  const all = tally(record, ({ role }) => role === "miner").incentive;
  return all > 0 ? tally(record, isMember).incentive / all : 0;
}

function detectionEpochs(
  runs: readonly RunRecord[],
  isMember: (facts: NeuronFacts) => boolean,
): number | null {
  const delays = runs.map((record) => {
    const members = record.neurons.filter(isMember);
    const joined = Math.min(...members.map(({ joinEpoch }) => joinEpoch), record.epochs);
    const left = Math.max(...members.map(({ leaveEpoch = record.epochs }) => leaveEpoch), 0);
    const miners = record.neurons.filter(({ role }) => role === "miner").length;
    const least = (NOTHING * members.length) / Math.max(1, miners);
    const paid = seriesOf(record, "incentive", isMember).findLastIndex((incentive) => incentive > least);
    return paid + 1 >= Math.min(left, record.epochs) ? undefined : Math.max(0, paid + 1 - joined);
  });
  const found = delays.filter((delay) => delay !== undefined);
  return found.length === delays.length ? mean(found) : null;
}

function isField({ role, group }: NeuronFacts): boolean {
  return role === "miner" && group === HONEST_GROUP;
}

function isOf(groups: readonly MinerGroup[]): (facts: NeuronFacts) => boolean {
  const names = groups.map(({ name }) => name);
  return ({ role, group }) => role === "miner" && names.includes(group);
}
