import type { SubnetTemplate } from "../shared/template.ts";
import { CHAIN_DEFAULTS, type MinerGroup, type Scenario, type ValidatorGroup } from "./scenario.ts";

/** Name of the group that attacks are measured against. */
export const HONEST_GROUP = "honest";

const HONEST_MINERS = 12;
/** From a model that is hardly worth serving to one that is hard to beat. */
const HONEST_SKILL = { from: 0.5, to: 0.95 };
/** An attacker that needs a model of its own is neither the best nor the worst at making one. */
const ATTACKER_SKILL = 0.75;
const VALIDATORS = 3;
const CLONES = 5;
/** Answers nothing of worth: leaves the traffic. */
const DEAD_COST = 0.05;
/** Share of all stake of a whale: the most that the majority of the others still outvotes with certainty. */
const WHALE_STAKE = 0.4;

/** One way to earn without the work, and who carries it out. */
export type Attack = {
  /** Name of an agent of the template, or of a behaviour that any subnet meets. */
  name: string;
  /** In one sentence. */
  describe: string;
  miners: readonly MinerGroup[];
  validators?: readonly ValidatorGroup[];
};

/** What all scenarios of one attack table have in common. */
export type FieldOptions = Pick<Scenario, "template" | "config" | "epochs" | "runs" | "seed" | "engine">;

/** Twelve honest miners of graded skill and three validators: what every attack is played against. */
export function honestField(options: FieldOptions): Scenario {
  return {
    ...options,
    name: "honest field",
    miners: [{ name: HONEST_GROUP, count: HONEST_MINERS, behaviour: "honest", skill: HONEST_SKILL }],
    validators: [{ name: "validators", count: VALIDATORS, stake: 1, behaviour: "honest" }],
    chain: CHAIN_DEFAULTS,
    views: 1,
  };
}

/** The field with one attack in it. The groups of the attack come after the others, under their own names. */
export function withAttack(field: Scenario, attack: Attack): Scenario {
  return {
    ...field,
    name: attack.name,
    miners: [...field.miners, ...attack.miners],
    validators: [...field.validators, ...(attack.validators ?? [])],
  };
}

/** Every adversary of a template with its dials as they are, and those that any subnet meets and it has not itself. */
export function attacksOn(template: Pick<SubnetTemplate, "agents"> | undefined, epochs: number): Attack[] {
  const own = (template?.agents ?? []).map(toAttack);
  const names = own.map(({ name }) => name);
  return [...own, ...genericAttacks(epochs).filter(({ name }) => !names.includes(name))];
}

function toAttack({ name, describe }: SubnetTemplate["agents"][number]): Attack {
  return { name, describe, miners: [{ name, count: 1, behaviour: name, skill: ATTACKER_SKILL }] };
}

/**
 * Attacks that need no knowledge of what is asked. A clone answers every question that it is asked, so it costs what an
 * honest miner costs: it must not earn what an honest miner with a model of its own earns.
 */
function genericAttacks(epochs: number): Attack[] {
  const clone = { behaviour: "honest", skill: ATTACKER_SKILL } as const;
  const joinEpoch = Math.floor(epochs / 2);
  return [
    {
      name: "sybil",
      describe: `one model behind ${CLONES} hotkeys of one owner`,
      miners: [
        { ...clone, name: "sybil", count: 1, model: "own" },
        { ...clone, name: "sybil-clones", count: CLONES - 1, model: { of: "sybil" } },
      ],
    },
    {
      name: "same-model",
      describe: "serves the model of the best honest miner, which it got hold of",
      // Held against an honest miner whose own model is as good.
      miners: [
        { ...clone, name: "same-model", count: 1, model: { of: HONEST_GROUP }, skill: HONEST_SKILL.to },
      ],
    },
    ...(joinEpoch > 0
      ? [
          {
            name: "join-late",
            describe: "does the work, but only from the middle of the time on",
            miners: [{ ...clone, name: "join-late", count: 1, joinEpoch }],
          },
        ]
      : []),
    {
      name: "whale",
      describe: `holds ${WHALE_STAKE * 100} % of the stake and votes for a miner of its own that does nothing`,
      miners: [{ name: "whale", count: 1, behaviour: "honest", skill: 0, costPerEpoch: DEAD_COST }],
      validators: [
        {
          name: "whale-stake",
          count: 1,
          stake: WHALE_STAKE / (1 - WHALE_STAKE), // the others hold 1
          behaviour: "colluder",
          params: { target: "whale" },
        },
      ],
    },
  ];
}
