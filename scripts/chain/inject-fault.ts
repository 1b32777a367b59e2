import { FAULT_KINDS } from "../../localnet/node/faults/fault.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { nearest } from "../nearest.ts";
import { table } from "../output.ts";
import type { DevClient } from "./dev-client.ts";

const COMMAND = "chain fault";

/** A fault as the node lists it. */
export type ListedFault = { id: number; kind: string; strikes: number; seen: number } & Record<
  string,
  unknown
>;

/** What one call of the command did. */
export type FaultOutcome = { id: number; kind: string } | { cleared: number } | { faults: ListedFault[] };

/** Options of a fault, in its own names; the node checks them. */
export type FaultOptions = Record<string, unknown>;

/**
 * Set a fault, or list or clear them.
 *
 * @param which - For `clear`: an id or a kind; undefined for all.
 * @throws SubforgeError CLI_USAGE for an unknown kind, and what the client throws
 */
export async function injectFault(
  client: DevClient,
  kind: string,
  which: string | undefined,
  options: FaultOptions,
): Promise<FaultOutcome> {
  if (kind === "list") return { faults: (await client.ask("dev_listFaults")) as ListedFault[] };
  if (kind === "clear") {
    const target = which !== undefined && /^\d{1,15}$/.test(which) && which !== "429" ? Number(which) : which;
    return { cleared: (await client.ask("dev_clearFaults", ...(which ? [target] : []))) as number };
  }
  const known = [...FAULT_KINDS, "list", "clear"];
  if (!known.includes(kind)) {
    const guess = nearest(kind, known);
    const problem = `there is no fault ${kind}${guess ? `; did you mean ${guess}?` : `; known: ${known.join(", ")}`}`;
    throw new SubforgeError("CLI_USAGE", { problem, command: COMMAND });
  }
  if (which !== undefined)
    throw new SubforgeError("CLI_USAGE", {
      problem: `${kind} takes flags only, no ${which}`,
      command: COMMAND,
    });
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { kind, id: (await client.ask("dev_setFault", { kind, ...given })) as number };
}

/** For people. */
export function describeOutcome(outcome: FaultOutcome): string[] {
  if ("cleared" in outcome) return [`${outcome.cleared} cleared`];
  if ("faults" in outcome) return describeFaults(outcome.faults);
  return [`fault ${outcome.id}  ${outcome.kind}`, `end it: subforge chain fault clear ${outcome.id}`];
}

/** What is set, and how often it struck what it could have struck. */
export function describeFaults(faults: readonly ListedFault[]): string[] {
  if (faults.length === 0) return ["no faults"];
  const rows = faults.map(({ id, kind, strikes, seen, ...options }) => [
    String(id),
    kind,
    Object.entries(options)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(", ") || "-",
    `${strikes} of ${seen}`,
  ]);
  return table([["id", "fault", "options", "struck"], ...rows]);
}
