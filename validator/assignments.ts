import { SubforgeError } from "../shared/errors.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { AskProtocol } from "./asking.ts";
import type { Assignment } from "./validator.ts";

/**
 * Can these be validated side by side?
 *
 * @throws SubforgeError CONFIG_INVALID
 */
export function checkAssignments(assignments: readonly Assignment[], protocol: AskProtocol): void {
  const problems = assignments.length === 0 ? ["there is no subnet to validate"] : [];
  const seen = new Set<string>();
  for (const { netuid, mechanism } of assignments) {
    const name = `mechanism ${mechanism} of subnet ${netuid}`;
    if (seen.has(name)) problems.push(`${name} is named twice`);
    seen.add(name);
  }
  if (problems.length > 0) throw new SubforgeError("CONFIG_INVALID", { what: "what to validate", problems });
  if (protocol === "v10") for (const { template } of assignments) assertV10(template);
}

/** A synapse that Python miners do not know would cost every miner its score. */
function assertV10({ id, synapses }: SubnetTemplate): void {
  const unknown = Object.keys(synapses).filter((name) => !synapses[name]!.v10);
  if (unknown.length === 0) return;
  const problems = unknown.map((name) => `${id}/${name} has no v10 description`);
  throw new SubforgeError("CONFIG_INVALID", { what: "the protocol v10 for this template", problems });
}
