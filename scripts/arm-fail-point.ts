import { SubforgeError } from "../shared/errors.ts";
import { armFailPoint, parseFailPoint } from "../shared/fail-point.ts";

/**
 * Arms what SUBFORGE_FAIL_POINT names (`name` or `name:nth`), and says so aloud. A second variable has to allow it, so that
 * one that was left behind stops a validator of real stake at its start and not in the middle of an epoch. Neither is
 * handed on to the processes it starts.
 *
 * @throws SubforgeError FAIL_POINT_REFUSED | FAIL_POINT_UNKNOWN
 */
export function armFromVariables(variables: NodeJS.ProcessEnv): void {
  const text = variables.SUBFORGE_FAIL_POINT ?? "";
  const allowed = variables.SUBFORGE_FAIL_POINTS_ALLOWED === "yes";
  delete variables.SUBFORGE_FAIL_POINT;
  delete variables.SUBFORGE_FAIL_POINTS_ALLOWED;
  if (!allowed) throw new SubforgeError("FAIL_POINT_REFUSED", {});
  const { name, nth } = parseFailPoint(text);
  armFailPoint(name, nth);
  process.stderr.write(`FAIL-POINT ARMED: this process will kill itself at ${name}, time ${nth}\n`);
}
