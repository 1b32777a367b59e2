import {
  HYPERPARAMETER_NAMES,
  type HyperparameterName,
  type HyperparameterValue,
  hyperparameter,
  isHyperparameter,
} from "../../shared/chain/hyperparameters.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { nearest } from "../nearest.ts";

/** Largest value of any rule: a u64. */
const MAX_VALUE = 2n ** 64n - 1n;

/**
 * A name and a value as typed, when that rule can be set to it.
 *
 * @param present - The value now: it tells whether a number or a yes or no belongs there.
 * @throws SubforgeError HYPERPARAMETER_INVALID
 */
export function parseHyperparameter(
  name: string | undefined,
  text: string | undefined,
  present: (name: HyperparameterName) => HyperparameterValue,
): { name: HyperparameterName; setter: string; value: HyperparameterValue } {
  if (name === undefined || text === undefined)
    throw invalid(name ?? "nothing", "name one and its value: set tempo 360");
  if (!isHyperparameter(name)) {
    const guess = nearest(name, HYPERPARAMETER_NAMES);
    throw invalid(name, guess ? `there is no such rule; did you mean ${guess}?` : "there is no such rule");
  }
  const { setter } = hyperparameter(name);
  if (setter === undefined) throw invalid(name, "no call of the chain sets it alone");
  const isFlag = typeof present(name) === "boolean";
  if (isFlag && !/^(true|false|on|off)$/.test(text)) throw invalid(name, `it is true or false, not ${text}`);
  if (isFlag) return { name, setter, value: text === "true" || text === "on" };
  if (!/^-?\d{1,20}$/.test(text) || BigInt(text) > MAX_VALUE)
    throw invalid(name, `${text} is no whole number`);
  return { name, setter, value: toValue(BigInt(text)) };
}

function toValue(whole: bigint): number | bigint {
  return whole <= Number.MAX_SAFE_INTEGER ? Number(whole) : whole;
}

function invalid(name: string, problem: string): SubforgeError {
  return new SubforgeError("HYPERPARAMETER_INVALID", { name, problem });
}
