import type { ValidatorBehaviour, ValidatorGroup } from "./scenario.ts";

/** One dial of a behaviour. Without a default it must be set. */
export type ValidatorParam =
  | { describe: string; kind: "number"; default: number; min: number; max: number }
  | { describe: string; kind: "group" };

const target = { describe: "group of miners it is for or against", kind: "group" } as const;
const noise: ValidatorParam = {
  describe: "standard deviation of its error in each weight, relative",
  kind: "number",
  default: 0,
  min: 0,
  max: 10,
};

/** What can be set of a validator, by behaviour. */
const VALIDATOR_PARAMS: Record<ValidatorBehaviour, Record<string, ValidatorParam>> = {
  honest: { noise },
  copier: {
    delay: {
      describe: "epochs it is late on top of the chain's own delay: it sees revealed weights only",
      kind: "number",
      default: 0,
      min: 0,
      max: 100,
    },
  },
  colluder: {
    target,
    share: { describe: "part of its weight that it moves", kind: "number", default: 1, min: 0, max: 1 },
    noise,
  },
  lazy: {
    refresh: {
      describe: "epochs between two looks at its scores; 0: it never looks again",
      kind: "number",
      default: 0,
      min: 0,
      max: 100_000,
    },
    noise,
  },
  censor: { target, noise },
  random: {},
  bribed: {
    target,
    price: {
      describe: "what it is paid per epoch, in units of an equal share of the miners' pay",
      kind: "number",
      default: 1,
      min: 0,
      max: 1e6,
    },
    noise,
  },
};

/** @returns What is wrong with the dials of a group, as `name: problem`. */
export function findParamFlaws(group: ValidatorGroup, miners: readonly string[]): string[] {
  const known = VALIDATOR_PARAMS[group.behaviour];
  const given = group.params ?? {};
  const strange = Object.keys(given)
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => `${name}: there is no such dial, use ${Object.keys(known).join(" or ") || "none"}`);
  const wrong = Object.entries(known).flatMap(([name, param]) => {
    const value = given[name];
    if (param.kind === "group") {
      return miners.includes(String(value)) ? [] : [`${name}: name one of the groups ${miners.join(", ")}`];
    }
    const isFine =
      value === undefined || (typeof value === "number" && value >= param.min && value <= param.max);
    return isFine ? [] : [`${name}: ${value} is not within ${param.min} to ${param.max}`];
  });
  return [...strange, ...wrong];
}

/** A dial that is a number. */
export function numberParam({ behaviour, params }: ValidatorGroup, name: string): number {
  const param = VALIDATOR_PARAMS[behaviour][name];
  const value = params?.[name];
  if (typeof value === "number") return value;
  return param?.kind === "number" ? param.default : 0;
}
