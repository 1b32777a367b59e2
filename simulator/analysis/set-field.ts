import { SubforgeError } from "../../shared/errors.ts";
import { parseScenario, type Scenario } from "../scenario.ts";

export type FieldValue = number | string | boolean;

type Plain = { [key: string]: unknown };

/** What a group of miners and one of validators has besides the dials in `params`. */
const GROUP_FIELDS = [
  "skill",
  "drift",
  "latencyMs",
  "joinEpoch",
  "leaveEpoch",
  "costPerEpoch",
  "count",
  "stake",
];
/** Of the scenario itself. */
const OWN_FIELDS = ["epochs", "runs", "seed", "engine", "views"];

/**
 * A scenario with one field changed, checked again as a whole.
 *
 * The path is dotted: `chain.kappa`, `epochs`, `config.rewards.temperature`, or the name of a group and one of its
 * fields or dials: `copycat.noise`, `honest.count`.
 *
 * @throws SubforgeError CONFIG_INVALID when there is no such field, or the value does not fit
 */
export function setField(scenario: Scenario, path: string, value: FieldValue): Scenario {
  const [first = "", ...rest] = path.split(".");
  const change = { ...scenario } as Plain;
  if (first === "chain" && rest.length === 1 && Object.hasOwn(scenario.chain, rest[0]!)) {
    change.chain = { ...scenario.chain, [rest[0]!]: value };
  } else if (first === "config" && rest.length > 0) {
    change.config = setDeep(scenario.config, rest, value);
  } else if (rest.length === 0 && OWN_FIELDS.includes(first)) {
    change[first] = value;
  } else {
    const group = path.slice(0, path.lastIndexOf("."));
    const field = path.slice(group.length + 1);
    if (![...scenario.miners, ...scenario.validators].some(({ name }) => name === group)) refuse(path);
    change.miners = scenario.miners.map((miner) => setOfGroup(miner, group, field, value));
    change.validators = scenario.validators.map((voter) => setOfGroup(voter, group, field, value));
  }
  return parseScenario(change);
}

function setOfGroup<Group extends { name: string; params?: object | undefined }>(
  group: Group,
  name: string,
  field: string,
  value: FieldValue,
): Group {
  if (group.name !== name) return group;
  if (GROUP_FIELDS.includes(field)) return { ...group, [field]: value };
  return { ...group, params: { ...group.params, [field]: value } };
}

/** A path into what is no object replaces it: the template's own schema says whether that is right. */
function setDeep(target: unknown, path: readonly string[], value: FieldValue): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (key === "__proto__") refuse(key);
  if (Array.isArray(target) && /^\d{1,4}$/.test(key) && Number(key) < target.length) {
    return target.map((item, i) => (i === Number(key) ? setDeep(item, rest, value) : item));
  }
  const object = (typeof target === "object" && target !== null ? target : {}) as Plain;
  return { ...object, [key]: setDeep(object[key], rest, value) };
}

function refuse(path: string): never {
  throw new SubforgeError("CONFIG_INVALID", {
    what: "the scenario",
    problems: [
      `${path}: there is no such field, use chain.NAME, config.NAME, GROUP.NAME or ${OWN_FIELDS.join(", ")}`,
    ],
  });
}
