import { SubforgeError } from "./errors.ts";
import type { Agent } from "./template.ts";

/**
 * A value for each of an agent's dials: what was chosen, else its default.
 *
 * @throws SubforgeError CONFIG_INVALID for a dial it does not have, or a value outside of its bounds
 */
export function agentParams(
  { name, params = {} }: Pick<Agent, "name" | "params">,
  chosen: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const problems = Object.entries(chosen).flatMap(([dial, value]) => {
    const param = Object.hasOwn(params, dial) ? params[dial]! : undefined;
    if (!param) return [`${dial}: there is no such dial, use ${Object.keys(params).join(" or ") || "none"}`];
    const { min, max } = param;
    return value >= min && value <= max ? [] : [`${dial}: ${value} is not within ${min} to ${max}`];
  });
  if (problems.length > 0) throw new SubforgeError("CONFIG_INVALID", { what: `the agent ${name}`, problems });
  return Object.fromEntries(
    Object.entries(params).map(([dial, param]) => [dial, chosen[dial] ?? param.default]),
  );
}
