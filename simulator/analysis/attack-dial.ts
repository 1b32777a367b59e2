import { SubforgeError } from "../../shared/errors.ts";
import type { Attack } from "../attack-scenario.ts";
import type { MinerGroup, Scenario, ValidatorGroup } from "../scenario.ts";
import { type AttackRow, measureAttack, type Play } from "./attack-table.ts";
import { type BreakEven, findBreakEven } from "./break-even.ts";

/** Dials that any miner has, besides those of its agent. */
const OF_MINERS = ["skill", "drift", "latencyMs", "costPerEpoch", "joinEpoch", "leaveEpoch"] as const;
const COUNTING = ["k", "joinEpoch", "leaveEpoch"];

export type AttackBreakEvenOptions = {
  field: Scenario;
  attack: Attack;
  /** Name as in `withDial`. */
  dial: string;
  low: number;
  high: number;
  play: Play;
  onProgress?: ((value: number, row: AttackRow) => void) | undefined;
};

/** Smallest value of one dial of an attack at which it out-earns honest work. */
export async function findAttackBreakEven(options: AttackBreakEvenOptions): Promise<BreakEven> {
  const { field, attack, dial, low, high, play, onProgress } = options;
  return await findBreakEven({
    dial: `${attack.name}.${dial}`,
    low,
    high,
    whole: COUNTING.includes(dial),
    at: async (value) => {
      const row = await measureAttack(field, withDial(attack, dial, value), play);
      onProgress?.(value, row);
      return { advantage: row.advantage, pays: row.verdict === "fail" };
    },
  });
}

/**
 * The attack with one dial turned.
 *
 * - k: how many miners it has, at least one of each of its groups.
 * - stake: share of all stake that its validators hold together, 0..1.
 * - skill, drift, latencyMs, costPerEpoch, joinEpoch, leaveEpoch: of each of its miners.
 * - else: a dial of its agent, or of its validators where it has no agent.
 *
 * The field is taken to hold a stake of 1, as `honestField` does.
 *
 * @throws SubforgeError CONFIG_INVALID for a dial that it has not, or a value that makes no sense
 */
export function withDial(attack: Attack, dial: string, value: number): Attack {
  const { miners, validators = [] } = attack;
  if (dial === "k") {
    const others = miners.length - 1;
    require(attack, dial, Number.isInteger(value) && value > others, `${value} is too few`);
    const sized = miners.map((group, i) => ({ ...group, count: i === others ? value - others : 1 }));
    return { ...attack, miners: sized };
  }
  if (dial === "stake") {
    require(attack, dial, validators.length > 0, "it has no validators");
    require(attack, dial, value > 0 && value < 1, `${value} is not a share between 0 and 1`);
    const stake = value / (1 - value) / validators.length;
    return { ...attack, validators: validators.map((group) => ({ ...group, stake })) };
  }
  if ((OF_MINERS as readonly string[]).includes(dial)) {
    return { ...attack, miners: miners.map((group) => ({ ...group, [dial]: value })) };
  }
  const agents = miners.filter(({ behaviour }) => behaviour !== "honest");
  const params = <Group extends MinerGroup | ValidatorGroup>(group: Group): Group => ({
    ...group,
    params: { ...group.params, [dial]: value },
  });
  if (agents.length > 0) {
    const turned = miners.map((group) => (agents.includes(group) ? params(group) : group));
    return { ...attack, miners: turned };
  }
  require(attack, dial, validators.length >
    0, `there is no such dial, use k, stake, ${OF_MINERS.join(", ")}`);
  return { ...attack, validators: validators.map(params) };
}

function require(attack: Attack, dial: string, holds: boolean, problem: string): void {
  if (holds) return;
  throw new SubforgeError("CONFIG_INVALID", {
    what: `the attack ${attack.name}`,
    problems: [`${dial}: ${problem}`],
  });
}
