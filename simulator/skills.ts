import { type Noise, noiseFrom } from "./noise.ts";
import { type Miner, skillOf } from "./roster.ts";
import type { MinerGroup } from "./scenario.ts";

/** Whose model a miner serves, and how good it is by now. */
export class Skills {
  /** Of each miner's model, 0..1. */
  readonly now: Float64Array;
  /** Index of the miner whose model it is: its own, or of whom it has it. */
  readonly owner: Int32Array;
  readonly #miners: readonly Miner[];
  readonly #own: Float64Array;
  readonly #noises: Noise[];

  constructor(miners: readonly Miner[], seed: string) {
    this.#miners = miners;
    this.#own = Float64Array.from(miners, ({ group, member }) => skillOf(group, member));
    this.#noises = miners.map(({ facts }) => noiseFrom(`skill ${seed} ${facts.name}`));
    this.owner = Int32Array.from(miners, ({ group }, miner) => this.#ownerOf(group, miner));
    this.now = this.#own.map((_, miner) => this.#own[this.owner[miner]!]!);
  }

  /** Models drift from the epoch after their miner joined. */
  beginEpoch(epoch: number): void {
    this.#miners.forEach(({ group, facts }, miner) => {
      const { drift = 0, params } = group;
      const volatility = group.behaviour === "honest" ? (params?.volatility ?? 0) : 0;
      if (epoch <= facts.joinEpoch || (drift === 0 && volatility === 0)) return;
      const step = drift + (volatility > 0 ? volatility * this.#noises[miner]!.normal() : 0);
      this.#own[miner] = Math.min(1, Math.max(0, this.#own[miner]! + step));
    });
    for (let miner = 0; miner < this.now.length; miner++) this.now[miner] = this.#own[this.owner[miner]!]!;
  }

  /** The best model that an honest miner has of its own, of those that are there. */
  bestHonest(isThere: (miner: number) => boolean): number | undefined {
    let best: number | undefined;
    this.#miners.forEach(({ group }, miner) => {
      if (group.behaviour !== "honest" || this.owner[miner] !== miner || !isThere(miner)) return;
      if (best === undefined || this.#own[miner]! > this.#own[best]!) best = miner;
    });
    return best;
  }

  #ownerOf({ model }: MinerGroup, miner: number): number {
    if (typeof model !== "object") return miner;
    let best = miner;
    this.#miners.forEach(({ group, facts }, other) => {
      if (facts.group !== model.of) return;
      if (best === miner || skillOf(group, this.#miners[other]!.member) > this.#own[best]!) best = other;
    });
    return best;
  }
}
