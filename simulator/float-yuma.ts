import { type FloatKernel, openFloatKernel } from "./float-kernel/float-kernel.ts";
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

/** Stakes are sums of shares: what misses a majority by less than this has it. */
const EPSILON = 1e-9;

/**
 * The chain's epoch in doubles, for validators and miners that are different neurons: equal to the exact one to about
 * 1e-3, many times faster, without new memory per epoch. Yuma 2 and 3, with liquid alpha. What is done to every cell is
 * done in float-kernel/.
 *
 * Source: opentensor/subtensor, pallets/subtensor/src/epoch/run_epoch.rs.
 */
export class FloatYuma {
  /** Shares of all active stake, one per validator. The caller writes them before each epoch. */
  readonly stake: Float64Array;
  /** What the last epoch found: shares 0..1 per miner, */
  readonly consensus: Float64Array;
  readonly incentive: Float64Array;
  /** and per validator. */
  readonly dividends: Float64Array;
  readonly validatorTrust: Float64Array;
  readonly #rules: YumaRules;
  readonly #kernel: FloatKernel;

  constructor(validators: number, miners: number, rules: YumaRules) {
    this.#kernel = openFloatKernel(validators, miners);
    this.stake = this.#kernel.stake;
    this.consensus = this.#kernel.consensus;
    this.incentive = this.#kernel.incentive;
    this.dividends = this.#kernel.dividends;
    this.validatorTrust = this.#kernel.trust;
    this.#rules = rules;
  }

  /** One epoch. @param rows - Weights in any unit >= 0, [validators x miners]; only each row's shares count. */
  run(rows: Float64Array): void {
    this.#take(rows);
    const { yuma3, kappa, bondsMovingAverage, bondsPenalty } = this.#rules;
    const majority = kappa - EPSILON;
    if (yuma3 && this.#rules.liquidAlpha) {
      const { alphaLow, alphaHigh, alphaSteepness } = this.#rules;
      this.#kernel.runLiquid(majority, bondsMovingAverage, bondsPenalty, alphaLow, alphaHigh, alphaSteepness);
    } else this.#kernel.run(!yuma3, majority, bondsMovingAverage, bondsPenalty);
  }

  /** Bonds belong to the neuron that was there. */
  forget(miner: number): void {
    for (let v = 0; v < this.dividends.length; v++) this.#kernel.bonds[this.#bondAt(v, miner)] = 0;
    this.#kernel.bondSums[miner] = 0;
  }

  /** A copy, [validators x miners]. Yuma 2: shares of a miner. Yuma 3: 0..1 each. */
  bonds(): Float64Array {
    const miners = this.incentive.length;
    return Float64Array.from(
      { length: this.dividends.length * miners },
      (_, at) => this.#kernel.bonds[this.#bondAt(Math.floor(at / miners), at % miners)]!,
    );
  }

  #take(rows: Float64Array): void {
    const { stride, rows: into } = this.#kernel;
    const miners = this.incentive.length;
    if (stride === miners) into.set(rows);
    else {
      for (let v = 0; v < this.dividends.length; v++) {
        for (let miner = 0; miner < miners; miner++) into[v * stride + miner] = rows[v * miners + miner]!;
      }
    }
  }

  #bondAt(validator: number, miner: number): number {
    return ((miner >> 3) * this.#kernel.voters + validator) * 8 + (miner & 7);
  }
}
