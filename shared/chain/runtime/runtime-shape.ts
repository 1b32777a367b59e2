import { KNOWN_CALLS, plainArgument } from "../call-shape.ts";
import { createMetagraphReader } from "../scale/metagraph-columns.ts";
import { shapeOf } from "../scale/type-shape.ts";
import type { Field, TypeTable } from "../scale/type-table.ts";

/** Something this code uses that a runtime does not have, or has in another shape. */
export type ShapeProblem = { what: string; problem: string; kind: "call" | "api" };

/** The part of decoded metadata that is compared. */
export type RuntimeDescription = {
  table: TypeTable;
  /** Type of a pallet's calls, by the pallet's name. */
  calls: ReadonlyMap<string, number>;
  /** Type of a runtime API's answer by `Api.method`; empty when the metadata is too old to say. */
  apis: ReadonlyMap<string, number>;
};

export const METAGRAPH_API = "SubnetInfoRuntimeApi.get_metagraph";

/**
 * Compare every call this project signs, argument by argument, down to its bytes, and the metagraph it reads, with what
 * a runtime declares. The same check stands behind a connection and behind `subforge metadata check`.
 *
 * @returns nothing when all of it can be used.
 */
export function findShapeProblems(runtime: RuntimeDescription): ShapeProblem[] {
  const problems: ShapeProblem[] = [];
  for (const call of KNOWN_CALLS) {
    const what = `${call.pallet}.${call.method}`;
    const problem = callProblem(runtime, call);
    if (problem) problems.push({ what, problem, kind: "call" });
  }
  const api = runtime.apis.get(METAGRAPH_API);
  if (api !== undefined) {
    try {
      createMetagraphReader(runtime.table, api);
    } catch (error) {
      problems.push({ what: METAGRAPH_API, problem: (error as Error).message, kind: "api" });
    }
  }
  return problems;
}

function callProblem(
  { table, calls }: RuntimeDescription,
  call: { pallet: string; method: string; args: readonly string[]; optional?: true },
): string | undefined {
  const type = calls.get(call.pallet.toLowerCase());
  const pallet = type === undefined ? undefined : table(type);
  if (pallet?.kind !== "variant") return "there is no such pallet";
  const found = pallet.variants.find(({ name }) => name.replaceAll("_", "") === call.method.toLowerCase());
  if (!found) return call.optional ? undefined : "there is no such call";
  const actual = found.fields.map((field) => argument(table, field));
  const agrees =
    actual.length === call.args.length && call.args.every((known, i) => sameShape(known, actual[i]!));
  return agrees ? undefined : `it takes (${actual.join(", ")}), we know (${call.args.join(", ")})`;
}

function argument(table: TypeTable, { name = "", type }: Field): string {
  return `${name}: ${shapeOf(table, type)}`;
}

/** The name and, where our word for the type says how it looks, its bytes. */
function sameShape(known: string, actual: string): boolean {
  const [name, type = ""] = plainArgument(known).split(": ");
  const [actualName, shape = ""] = plainArgument(actual).split(": ", 2);
  if (name !== actualName) return false;
  const expected = shapeOfName(type);
  return expected === undefined || shape === expected || actual.endsWith(`: ${expected}`);
}

/** @returns undefined for a type whose name does not say how it looks: it is encoded by the live metadata. */
function shapeOfName(type: string): string | undefined {
  if (/^([ui](8|16|32|64|128)|bool)$/.test(type)) return type;
  if (type === "AccountId" || type === "H256") return "[u8; 32]";
  const inner = /^(?:Vec|BoundedVec)<(.*?)(?:, .*)?>$/.exec(type)?.[1];
  const element = inner === undefined ? undefined : shapeOfName(inner);
  return element && `[${element}]`;
}
