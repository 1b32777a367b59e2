import { uidToPrune } from "../localnet/runtime/consensus/pruning.ts";
import type { NeuronFacts } from "./records.ts";
import type { MinerGroup, Scenario, ValidatorGroup } from "./scenario.ts";

/** Rao that a whole epoch emits, where the chain compares emissions. */
const EMISSION = 1e15;
const NOBODY = -1;

/** A miner of the scenario, whether it is registered yet or not. */
export type Miner = {
  group: MinerGroup;
  /** Of the group, from 0. */
  member: number;
  facts: NeuronFacts;
};
export type Voter = { group: ValidatorGroup; facts: NeuronFacts };

/**
 * Who is registered, and on which uid. Validators come first and stay; miners take the lowest free slot. When there is
 * none, the chain's rule decides who goes; while it lets nobody go, a newcomer waits.
 */
export class Roster {
  readonly voters: readonly Voter[];
  readonly miners: readonly Miner[];
  /** Index of the miner on each slot, -1: nobody. The uid is the slot plus the number of validators. */
  readonly slots: Int32Array;
  /** Block of registration per slot. */
  readonly registeredAt: Float64Array;
  readonly #immunityPeriod: number;

  constructor({ miners, validators, chain }: Pick<Scenario, "miners" | "validators" | "chain">) {
    const allStake = validators.reduce((sum, { stake }) => sum + stake, 0);
    this.voters = validators.flatMap((group) =>
      Array.from({ length: group.count }, (_, member) => ({
        group,
        facts: voterFacts(group, member, group.stake / group.count / allStake),
      })),
    );
    this.voters.forEach(({ facts }, uid) => {
      facts.uid = uid;
    });
    this.miners = miners.flatMap((group) =>
      Array.from({ length: group.count }, (_, member) => ({
        group,
        member,
        facts: minerFacts(group, member),
      })),
    );
    const slots = Math.min(chain.maxUids - this.voters.length, this.miners.length);
    this.slots = new Int32Array(slots).fill(NOBODY);
    this.registeredAt = new Float64Array(slots);
    this.#immunityPeriod = chain.immunityPeriod;
  }

  /** Validators, then miners: the order of the records. */
  get neurons(): NeuronFacts[] {
    return [...this.voters, ...this.miners].map(({ facts }) => facts);
  }

  /** Is this miner registered now? */
  isThere(miner: number): boolean {
    const { facts } = this.miners[miner]!;
    return facts.uid !== NOBODY && this.slots[facts.uid - this.voters.length] === miner;
  }

  /**
   * Leave and join, at the first block of an epoch.
   *
   * @param emissionOf - What a miner earned in the epoch before, as a share.
   * @returns Slots that somebody new has.
   */
  beginEpoch(epoch: number, block: number, emissionOf: (miner: number) => number): number[] {
    const recycled: number[] = [];
    this.miners.forEach(({ group, facts }, miner) => {
      if (epoch === group.leaveEpoch && this.isThere(miner)) this.#free(miner, epoch);
      else if (facts.uid === NOBODY && this.#wants(group, epoch)) {
        const slot = this.#slotFor(epoch, block, emissionOf);
        if (slot === undefined) return;
        facts.uid = this.voters.length + slot;
        facts.joinEpoch = epoch;
        facts.leaveEpoch = undefined;
        this.slots[slot] = miner;
        this.registeredAt[slot] = block;
        recycled.push(slot);
      }
    });
    return recycled;
  }

  #wants({ joinEpoch = 0, leaveEpoch = Number.POSITIVE_INFINITY }: MinerGroup, epoch: number): boolean {
    return epoch >= joinEpoch && epoch < leaveEpoch;
  }

  #slotFor(epoch: number, block: number, emissionOf: (miner: number) => number): number | undefined {
    const free = this.slots.indexOf(NOBODY);
    if (free >= 0) return free;
    const candidates = Array.from(this.slots, (miner, slot) => ({
      uid: slot,
      emission: BigInt(Math.round(emissionOf(miner) * EMISSION)),
      registeredAt: this.registeredAt[slot]!,
      immune: block - this.registeredAt[slot]! < this.#immunityPeriod,
      immortal: false,
    }));
    // Whoever is immune stays: what the chain does in a subnet of nobody else happens to no subnet that lives.
    const pruned = uidToPrune(
      candidates.filter(({ immune }) => !immune),
      0,
    );
    if (pruned !== undefined) this.#free(this.slots[pruned]!, epoch);
    return pruned;
  }

  #free(miner: number, epoch: number): void {
    const { facts } = this.miners[miner]!;
    this.slots[facts.uid - this.voters.length] = NOBODY;
    facts.leaveEpoch = epoch;
  }
}

/** Skill of a member when it joins: graded evenly, the first is `from`. */
export function skillOf({ skill, count }: Pick<MinerGroup, "skill" | "count">, member: number): number {
  if (typeof skill === "number") return skill;
  const step = count > 1 ? member / (count - 1) : 0;
  return skill.from + step * (skill.to - skill.from);
}

function voterFacts(group: ValidatorGroup, member: number, stake: number): NeuronFacts {
  return {
    uid: NOBODY,
    name: nameOf(group, member),
    group: group.name,
    role: "validator",
    behaviour: group.behaviour,
    quality: undefined,
    stake,
    joinEpoch: 0,
    leaveEpoch: undefined,
  };
}

/** Until it is registered, a miner joins and leaves at once: it was never there. */
function minerFacts(group: MinerGroup, member: number): NeuronFacts {
  const joinEpoch = group.joinEpoch ?? 0;
  return {
    uid: NOBODY,
    name: nameOf(group, member),
    group: group.name,
    role: "miner",
    behaviour: group.behaviour,
    quality: group.behaviour === "honest" ? skillOf(group, member) : undefined,
    stake: 0,
    joinEpoch,
    leaveEpoch: joinEpoch,
  };
}

function nameOf({ name, count }: { name: string; count: number }, member: number): string {
  return count === 1 ? name : `${name} ${member + 1}`;
}
