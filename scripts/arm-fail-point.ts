import { SubforgeError } from "../shared/errors.ts";
import { armFailPoint, parseFailPoint } from "../shared/fail-point.ts";

/** After a fail-point: it counts from SIGUSR2 on, when whoever watches has seen enough of the life before. */
const LATER = "@later";

/** Instead of a fail-point: the clock of this process is set wrong, and right again. */
const CLOCK_STEP = "clock.step";
const STEP_MS = 3_600_000;

/**
 * Arms what SUBFORGE_FAIL_POINT names (`name` or `name:nth`, `@later` behind it), and says so aloud. A second variable has to allow it, so that
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
  if (text === CLOCK_STEP) {
    letClockJump();
    return;
  }
  const isLater = text.endsWith(LATER);
  const { name, nth } = parseFailPoint(isLater ? text.slice(0, -LATER.length) : text);
  if (isLater) process.once("SIGUSR2", () => armFailPoint(name, nth));
  else armFailPoint(name, nth);
  const when = isLater ? " after SIGUSR2" : "";
  process.stderr.write(`FAIL-POINT ARMED: this process will kill itself at ${name}, time ${nth}${when}\n`);
}

/** At SIGUSR2 an hour passes in no time; at the next one it is taken back. */
function letClockJump(): void {
  const now = Date.now;
  let aheadMs = 0;
  Date.now = () => now() + aheadMs;
  process.on("SIGUSR2", () => {
    aheadMs = STEP_MS - aheadMs;
  });
  process.stderr.write("CLOCK STEPS ARMED: the clock of this process jumps at SIGUSR2\n");
}
