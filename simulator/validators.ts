import { MajorityWeight } from "./majority-weight.ts";
import { type Noise, noiseFrom } from "./noise.ts";
import type { Roster, Voter } from "./roster.ts";
import type { Scenario } from "./scenario.ts";
import type { ViewScores } from "./scorer.ts";
import { numberParam } from "./validator-params.ts";

/** What a validator knows when it decides on its weights. Indices of miners are those of the roster. */
export type Desk = {
  epoch: number;
  views: readonly ViewScores[];
  /** Was the miner registered when the epoch began? */
  isThere(miner: number): boolean;
  /** Shares of what validators and miners got in the epoch before, per validator. */
  lastEmission: ArrayLike<number>;
};

/** All validators of a scenario at their desks. */
export class Validators {
  readonly #voters: readonly Voter[];
  readonly #roster: Roster;
  readonly #noises: Noise[];
  readonly #commitDelay: number;
  /** Commits of the last epochs, [validators x miners] each: what copiers look at, and the chain reveals. */
  readonly #history: Float64Array[];
  readonly #bribes: Map<number, Bribe>;
  readonly #median: Medians;

  /** @param commitDelay - Epochs from a commit to its reveal. */
  constructor(roster: Roster, scenario: Scenario, seed: string, commitDelay: number) {
    const { voters, miners } = roster;
    this.#voters = voters;
    this.#roster = roster;
    this.#noises = voters.map(({ facts }) => noiseFrom(`validator ${seed} ${facts.name}`));
    this.#commitDelay = commitDelay;
    const delays = scenario.validators.map((group) => numberParam(group, "delay"));
    // One more than anybody looks back: a lazy validator repeats its last row.
    const kept = Math.max(1, commitDelay + Math.ceil(Math.max(...delays))) + 1;
    this.#history = Array.from({ length: kept }, () => new Float64Array(voters.length * miners.length));
    this.#bribes = new Map();
    this.#median = new Medians(voters, miners.length);
  }

  /** Everybody decides, commits, and the copiers go last. @returns Rows [validators x miners], shares or 0. */
  commit(desk: Desk): Float64Array {
    const rows = this.#rowsOf(desk.epoch)!;
    const late: number[] = [];
    this.#voters.forEach(({ group }, voter) => {
      if (group.behaviour === "copier") late.push(voter);
      else this.#opine(voter, desk, this.#row(rows, voter));
    });
    for (const voter of late) this.#copy(voter, desk.epoch, this.#row(rows, voter));
    return rows;
  }

  /** The rows that are on chain when this epoch ends. Undefined: none are yet. */
  revealed(epoch: number): Float64Array | undefined {
    return this.#rowsOf(epoch - this.#commitDelay);
  }

  /** What bribed validators were paid for this epoch's weights: from whom, and to whom, in equal shares of the pay. */
  bribes(): { voter: number; target: string; price: number }[] {
    return [...this.#bribes].flatMap(([voter, { isTaken }]) => {
      const { group } = this.#voters[voter]!;
      const price = numberParam(group, "price");
      return isTaken ? [{ voter, target: String(group.params?.target), price }] : [];
    });
  }

  #opine(voter: number, desk: Desk, row: Float64Array): void {
    const { group } = this.#voters[voter]!;
    const { behaviour } = group;
    if (behaviour === "random") this.#drawLots(voter, desk, row);
    else if (behaviour === "lazy") this.#judgeNowAndThen(voter, desk, row);
    else this.#judge(voter, desk, row);

    if (behaviour === "censor") {
      this.#eachTarget(voter, (miner) => {
        row[miner] = 0;
      });
      toShares(row);
    } else if (behaviour === "colluder") this.#move(voter, desk, row, numberParam(group, "share"));
    else if (behaviour === "bribed" && this.#takesBribe(voter, desk)) this.#move(voter, desk, row, 1);
  }

  #judgeNowAndThen(voter: number, desk: Desk, row: Float64Array): void {
    const refresh = numberParam(this.#voters[voter]!.group, "refresh");
    const before = this.#rowsOf(desk.epoch - 1);
    const isDue = refresh > 0 && desk.epoch % refresh === 0;
    if (before === undefined || isDue) this.#judge(voter, desk, row);
    else row.set(this.#row(before, voter));
  }

  /** Honest work: the scores of its view, with its own error. */
  #judge(voter: number, { views }: Desk, row: Float64Array): void {
    const noise = numberParam(this.#voters[voter]!.group, "noise");
    const { shares } = views[voter % views.length]!;
    const random = this.#noises[voter]!;
    for (let miner = 0; miner < row.length; miner++) {
      const share = shares[miner]!;
      row[miner] = noise > 0 && share > 0 ? share * Math.max(0, 1 + noise * random.normal()) : share;
    }
    toShares(row);
  }

  #drawLots(voter: number, { isThere }: Desk, row: Float64Array): void {
    for (let miner = 0; miner < row.length; miner++) {
      row[miner] = isThere(miner) ? this.#noises[voter]!.uniform() : 0;
    }
    toShares(row);
  }

  /** Moves a part of the row to the targets that are there, each the same. */
  #move(voter: number, { isThere }: Desk, row: Float64Array, share: number): void {
    const targets: number[] = [];
    this.#eachTarget(voter, (miner) => isThere(miner) && targets.push(miner));
    if (targets.length === 0) return;
    for (let miner = 0; miner < row.length; miner++) row[miner] = row[miner]! * (1 - share);
    for (const miner of targets) row[miner] = row[miner]! + share / targets.length;
  }

  /** Takes the bribe, looks what honest validators get for the same stake, and goes on while the price covers that. */
  #takesBribe(voter: number, { lastEmission, isThere, epoch }: Desk): boolean {
    const { group, facts } = this.#voters[voter]!;
    const bribe = this.#bribes.get(voter) ?? { isTaken: true, loss: 0 };
    this.#bribes.set(voter, bribe);
    if (epoch === 0) return bribe.isTaken;
    const miners = this.#roster.miners.filter((_, miner) => isThere(miner)).length;
    const price = (numberParam(group, "price") * 0.5) / Math.max(1, miners);
    const lost = facts.stake * 0.5 - lastEmission[voter]!;
    if (bribe.isTaken) bribe.loss += LOSS_ALPHA * (lost - bribe.loss);
    bribe.isTaken = bribe.loss <= price;
    return bribe.isTaken;
  }

  /** What the others agreed on, as far as it is revealed to somebody who comes so late. */
  #copy(voter: number, epoch: number, row: Float64Array): void {
    const { group } = this.#voters[voter]!;
    const seen = this.#rowsOf(epoch - this.#commitDelay - Math.floor(numberParam(group, "delay")));
    if (seen === undefined) row.fill(0);
    else this.#median.of(seen, row);
  }

  #eachTarget(voter: number, visit: (miner: number) => void): void {
    const target = this.#voters[voter]!.group.params?.target;
    this.#roster.miners.forEach(({ facts }, miner) => {
      if (facts.group === target) visit(miner);
    });
  }

  #rowsOf(epoch: number): Float64Array | undefined {
    return epoch < 0 ? undefined : this.#history[epoch % this.#history.length];
  }

  #row(rows: Float64Array, voter: number): Float64Array {
    const { length } = this.#roster.miners;
    return rows.subarray(voter * length, (voter + 1) * length);
  }
}

/** What a bribed validator does now, and its running loss of dividends while it took the money. */
type Bribe = { isTaken: boolean; loss: number };
const LOSS_ALPHA = 0.2;

/** The consensus of those who are no copiers, as shares. */
class Medians {
  readonly #sources: number[];
  readonly #miners: number;
  readonly #column: Float64Array;
  readonly #majority: MajorityWeight;

  constructor(voters: readonly Voter[], miners: number) {
    this.#sources = voters.flatMap(({ group }, voter) => (group.behaviour === "copier" ? [] : [voter]));
    this.#miners = miners;
    const stakes = Float64Array.from(this.#sources, (voter) => voters[voter]!.facts.stake);
    toShares(stakes);
    this.#column = new Float64Array(stakes.length);
    this.#majority = new MajorityWeight(stakes, 0.5, miners);
  }

  of(rows: Float64Array, into: Float64Array): void {
    for (let miner = 0; miner < this.#miners; miner++) {
      this.#sources.forEach((voter, i) => {
        this.#column[i] = rows[voter * this.#miners + miner]!;
      });
      into[miner] = this.#majority.of(miner, this.#column, 0);
    }
    toShares(into);
  }
}

/** In place; a row of zeros stays one. */
function toShares(row: Float64Array): void {
  let total = 0;
  for (let i = 0; i < row.length; i++) total += row[i]!;
  for (let i = 0; total > 0 && i < row.length; i++) row[i] = row[i]! / total;
}
