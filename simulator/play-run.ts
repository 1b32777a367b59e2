import { type ChainEpoch, createChainEpoch, type EpochOutcome } from "./chain-epoch.ts";
import { chargeCosts } from "./charge-costs.ts";
import { createRecord, type RunRecord } from "./records.ts";
import { Roster } from "./roster.ts";
import type { Scenario } from "./scenario.ts";
import type { Scorer, ViewScores } from "./scorer.ts";
import { Skills } from "./skills.ts";
import { Validators } from "./validators.ts";

/** First block of the first epoch: late enough that nobody is inactive because the chain is young. */
const FIRST_BLOCK = 1_000_000;

/** What makes the scores: made anew for each run. */
export type ScorerOf = (roster: Roster, skills: Skills, seed: string) => Scorer;

/** One run of a scenario: register, score, commit, reveal, and the chain's epoch at the end of each tempo. */
export async function playRun(
  scenario: Scenario,
  seed: string,
  scorerOf: ScorerOf,
  each: (epoch: number) => void | Promise<void>,
): Promise<RunRecord> {
  const { chain, epochs } = scenario;
  const roster = new Roster(scenario);
  const skills = new Skills(roster.miners, seed);
  const scorer = scorerOf(roster, skills, seed);
  const delay = chain.commitReveal ? chain.revealPeriodEpochs : 0;
  const validators = new Validators(roster, scenario, seed, delay);
  const voters = roster.voters.length;
  const stakes = roster.voters.map(({ facts }) => facts.stake);
  const field: Field = { scenario, roster, record: createRecord(seed, epochs, roster.neurons) };
  const chainEpoch = createChainEpoch(scenario, stakes, roster.slots.length);
  const votes = {
    rows: new Float64Array(voters * roster.slots.length),
    lastUpdate: new Float64Array(voters),
    registeredAt: roster.registeredAt,
  };

  let outcome: EpochOutcome | undefined;
  const earned = new Float64Array(roster.miners.length);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const block = FIRST_BLOCK + epoch * chain.tempo;
    const recycled = roster.beginEpoch(epoch, block, (miner) => earned[miner]!);
    skills.beginEpoch(epoch);
    const views = await scorer.score(epoch, block);
    const lastEmission = outcome?.validatorEmission ?? new Float64Array(voters);
    validators.commit({ epoch, views, isThere: (miner) => roster.isThere(miner), lastEmission });
    votes.lastUpdate.fill(block + 1);
    placeRows(votes.rows, validators.revealed(epoch), roster);
    outcome = chainEpoch.run({ ...votes, block: block + chain.tempo, recycled });

    earned.fill(0);
    roster.slots.forEach((miner, slot) => {
      if (miner >= 0) earned[miner] = outcome!.minerEmission[slot]!;
    });
    recordScores(field, epoch, views);
    recordOutcome(field, epoch, votes.rows, outcome);
    recordBribes(field, epoch, validators);
    await each(epoch);
  }
  keepLast(field, votes.rows, chainEpoch);
  chargeCosts(field.record, scenario, roster);
  return field.record;
}

type Field = { scenario: Scenario; roster: Roster; record: RunRecord };

/** Rows by miner to rows by slot: what was said of somebody who is gone is said of nobody. */
function placeRows(
  rows: Float64Array,
  revealed: Float64Array | undefined,
  { voters, miners, slots }: Roster,
): void {
  for (let voter = 0; voter < voters.length; voter++) {
    for (let slot = 0; slot < slots.length; slot++) {
      const miner = slots[slot]!;
      const value = miner >= 0 && revealed ? revealed[voter * miners.length + miner]! : 0;
      rows[voter * slots.length + slot] = value;
    }
  }
}

function recordScores({ roster, record }: Field, epoch: number, views: readonly ViewScores[]): void {
  const { raw, score } = record.columns;
  const at = epoch * record.neurons.length + roster.voters.length;
  for (const view of views) {
    for (let miner = 0; miner < roster.miners.length; miner++) {
      raw[at + miner] = raw[at + miner]! + view.raw[miner]! / views.length;
      score[at + miner] = score[at + miner]! + view.shares[miner]! / views.length;
    }
  }
}

function recordOutcome(
  { scenario, roster, record }: Field,
  epoch: number,
  rows: Float64Array,
  outcome: EpochOutcome,
): void {
  const { columns } = record;
  const { voters, slots } = roster;
  const start = epoch * record.neurons.length;
  const paid = 1 - scenario.chain.ownerCut;
  const totals = voters.map((_, voter) => total(rows, voter * slots.length, slots.length));
  voters.forEach((_, voter) => {
    columns.dividend[start + voter] = outcome.dividends[voter]!;
    columns.validatorTrust[start + voter] = outcome.validatorTrust[voter]!;
    columns.emission[start + voter] = outcome.validatorEmission[voter]! * paid;
  });
  for (let slot = 0; slot < slots.length; slot++) {
    if (slots[slot]! < 0) continue;
    const at = start + voters.length + slots[slot]!;
    columns.consensus[at] = outcome.consensus[slot]!;
    columns.incentive[at] = outcome.incentive[slot]!;
    columns.emission[at] = outcome.minerEmission[slot]! * paid;
    let weight = 0;
    for (let voter = 0; voter < voters.length; voter++) {
      const share = totals[voter]! > 0 ? rows[voter * slots.length + slot]! / totals[voter]! : 0;
      weight += voters[voter]!.facts.stake * share;
    }
    columns.weight[at] = weight;
  }
}

/** In units of an equal share of the miners' pay, until `chargeCosts` knows what that is. */
function recordBribes({ scenario, roster, record }: Field, epoch: number, validators: Validators): void {
  const start = epoch * record.neurons.length;
  const there = roster.miners.filter((_, miner) => roster.isThere(miner));
  const equalShare = (0.5 * (1 - scenario.chain.ownerCut)) / Math.max(1, there.length);
  const { profit } = record.columns;
  for (const { voter, target, price } of validators.bribes()) {
    const payers = there
      .filter(({ facts }) => facts.group === target)
      .map((miner) => roster.miners.indexOf(miner));
    if (payers.length === 0) continue;
    const paid = price * equalShare;
    profit[start + voter] = profit[start + voter]! + paid;
    for (const miner of payers) {
      const at = start + roster.voters.length + miner;
      profit[at] = profit[at]! - paid / payers.length;
    }
  }
}

function keepLast({ roster, record }: Field, rows: Float64Array, chain: ChainEpoch): void {
  const bonds = chain.bonds();
  const { voters, miners, slots } = roster;
  for (let voter = 0; voter < voters.length; voter++) {
    const sum = total(rows, voter * slots.length, slots.length);
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots[slot]! < 0) continue;
      const from = voter * slots.length + slot;
      const to = voter * miners.length + slots[slot]!;
      record.weights[to] = sum > 0 ? rows[from]! / sum : 0;
      record.bonds[to] = bonds[from]!;
    }
  }
}

function total(values: Float64Array, start: number, length: number): number {
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += values[i]!;
  return sum;
}
