import { SubforgeError } from "../shared/errors.ts";

/**
 * The value of a number flag, when it is whole and in range, or was left out.
 *
 * @param command - Words of the command, for the hint: `miner serve`.
 * @throws SubforgeError CLI_USAGE
 */
export function wholeNumber<Value extends number | undefined>(
  command: string,
  flag: string,
  value: Value,
  from: number,
  to: number,
): Value {
  if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return value;
  throw new SubforgeError("CLI_USAGE", {
    problem: `--${flag} must be a whole number, ${from} to ${to}`,
    command,
  });
}
