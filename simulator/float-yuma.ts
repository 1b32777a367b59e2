import { MajorityWeight } from "./majority-weight.ts";
import type { ChainParams } from "./scenario.ts";

export type YumaRules = Pick<
  ChainParams,
  | "kappa"
  | "bondsMovingAverage"
  | "bondsPenalty"
  | "yuma3"
  | "liquidAlpha"
  | "alphaLow"
  | "alphaHigh"
  | "alphaSteepness"
>;

/**
 * The chain's epoch in doubles, for validators and miners that are different neurons: equal to the exact one to about
 * 1e-3, many times faster, without new memory per epoch. Yuma 2 and 3, with liquid alpha.
 *
 * Matrices are [miners x validators]: all that is done to a column of the subnet is done while it is in the cache.
 *
 * Source: opentensor/subtensor, pallets/subtensor/src/epoch/run_epoch.rs.
 */
export class FloatYuma {
  /** Shares of each validator's own row, [miners x validators]. The caller writes them before each epoch. */
  readonly weights: Float64Array;
  /** Shares of all active stake, one per validator. The caller writes them. */
  readonly stake: Float64Array;
  /** Carried from epoch to epoch, [miners x validators]. Yuma 2: shares of a miner. Yuma 3: 0..1 each. */
  readonly bonds: Float64Array;
  /** What the last epoch found: shares 0..1 per miner, */
  readonly consensus: Float64Array;
  readonly incentive: Float64Array;
  /** and per validator. */
  readonly dividends: Float64Array;
  readonly validatorTrust: Float64Array;
  readonly #rules: YumaRules;
  readonly #majority: MajorityWeight;

  constructor(validators: number, miners: number, rules: YumaRules) {
    this.weights = new Float64Array(miners * validators);
    this.stake = new Float64Array(validators);
    this.bonds = new Float64Array(miners * validators);
    this.consensus = new Float64Array(miners);
    this.incentive = new Float64Array(miners);
    this.dividends = new Float64Array(validators);
    this.validatorTrust = new Float64Array(validators);
    this.#rules = rules;
    this.#majority = new MajorityWeight(this.stake, rules.kappa, miners);
  }

  /** One epoch: reads `weights`, `stake` and `bonds`, writes everything else. */
  run(): void {
    const { consensus, incentive, dividends, validatorTrust, weights } = this;
    const validators = dividends.length;
    dividends.fill(0);
    validatorTrust.fill(0);
    let isAgreed = false;
    for (let miner = 0; miner < incentive.length; miner++) {
      const agreed = this.#majority.of(miner, weights, miner * validators);
      consensus[miner] = agreed;
      isAgreed ||= agreed > 0;
    }
    const { yuma3, liquidAlpha } = this.#rules;
    for (let miner = 0; miner < incentive.length; miner++) {
      const agreed = consensus[miner]!;
      if (!yuma3) this.#bondByStake(miner, agreed);
      else if (liquidAlpha && isAgreed) this.#bondLiquid(miner, agreed);
      else this.#bond(miner, agreed);
    }
    if (yuma3) multiply(dividends, this.stake);
    normalise(incentive);
    normalise(dividends);
  }

  /** Yuma 3: a bond follows the validator's own weight; stake comes in with the dividends. */
  #bond(miner: number, agreed: number): void {
    const { weights, stake, bonds, validatorTrust } = this;
    const { bondsMovingAverage: keep, bondsPenalty: penalty } = this.#rules;
    const fresh = 1 - keep;
    const offset = miner * stake.length;
    let rank = 0;
    let sum = 0;
    for (let v = 0; v < stake.length; v++) {
      const weight = weights[offset + v]!;
      const excess = positive(weight - agreed);
      const clipped = weight - excess;
      validatorTrust[v] = validatorTrust[v]! + clipped;
      rank += stake[v]! * clipped;
      const bond = keep * bonds[offset + v]! + fresh * (weight - penalty * excess);
      bonds[offset + v] = bond;
      sum += bond;
    }
    this.#pay(miner, rank, sum);
  }

  /** Yuma 3 with liquid alpha: how fast a bond follows depends on how far the validator is from the consensus. */
  #bondLiquid(miner: number, agreed: number): void {
    const { weights, stake, bonds, validatorTrust } = this;
    const { bondsPenalty: penalty, alphaLow, alphaHigh, alphaSteepness } = this.#rules;
    const offset = miner * stake.length;
    let rank = 0;
    let sum = 0;
    for (let v = 0; v < stake.length; v++) {
      const weight = weights[offset + v]!;
      const excess = positive(weight - agreed);
      const clipped = weight - excess;
      validatorTrust[v] = validatorTrust[v]! + clipped;
      rank += stake[v]! * clipped;
      const bought = weight - penalty * excess;
      const old = bonds[offset + v]!;
      const distance = bought >= old ? positive(bought - agreed) : old - bought;
      const curve = 1 / (1 + Math.exp(-alphaSteepness * (Math.min(1, distance) - 0.5)));
      const alpha = alphaLow + curve * (alphaHigh - alphaLow);
      // A bond whose weight is gone vanishes at once, as on the chain.
      const bond = weight > 0 ? Math.min(1, (1 - alpha) * old + alpha * bought) : 0;
      bonds[offset + v] = bond;
      sum += bond;
    }
    this.#pay(miner, rank, sum);
  }

  /** Dividends of Yuma 3: each validator's part of the bonds in a miner, worth what the miner earns. */
  #pay(miner: number, rank: number, sum: number): void {
    const { dividends, bonds } = this;
    this.incentive[miner] = rank;
    if (!(sum > 0 && rank > 0)) return;
    const offset = miner * dividends.length;
    const worth = rank / sum;
    for (let v = 0; v < dividends.length; v++) {
      dividends[v] = dividends[v]! + bonds[offset + v]! * worth;
    }
  }

  /** Yuma 2: bonds are shares of a miner, bought with stake. */
  #bondByStake(miner: number, agreed: number): void {
    const { weights, stake, bonds, validatorTrust, dividends } = this;
    const { bondsMovingAverage: keep, bondsPenalty: penalty } = this.#rules;
    const offset = miner * stake.length;
    let rank = 0;
    let bought = 0;
    let held = 0;
    for (let v = 0; v < stake.length; v++) {
      const weight = weights[offset + v]!;
      const excess = positive(weight - agreed);
      const clipped = weight - excess;
      validatorTrust[v] = validatorTrust[v]! + clipped;
      rank += stake[v]! * clipped;
      bought += stake[v]! * (weight - penalty * excess);
      held += bonds[offset + v]!;
    }
    this.incentive[miner] = rank;
    // Old and fresh bonds are shares of the miner before they are mixed, and the mixture is again.
    const freshPart = bought > 0 ? 1 - keep : 0;
    const oldPart = held > 0 ? keep : 0;
    const whole = freshPart + oldPart;
    const fresh = bought > 0 ? freshPart / (bought * whole) : 0;
    const old = held > 0 ? oldPart / (held * whole) : 0;
    for (let v = 0; v < stake.length; v++) {
      const weight = weights[offset + v]!;
      const excess = positive(weight - agreed);
      const bond = old * bonds[offset + v]! + fresh * stake[v]! * (weight - penalty * excess);
      bonds[offset + v] = bond;
      dividends[v] = dividends[v]! + bond * rank;
    }
  }
}

/** `max(0, x)` without a branch, which here would be taken at random. Exact. */
function positive(x: number): number {
  return 0.5 * (x + Math.abs(x));
}

function multiply(values: Float64Array, factors: Float64Array): void {
  for (let i = 0; i < values.length; i++) values[i] = values[i]! * factors[i]!;
}

/** In place: shares of the sum, unchanged when it is 0. */
function normalise(values: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (sum === 0) return;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / sum;
}
