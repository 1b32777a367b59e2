import type { V10Synapse } from "../../v10-synapse.ts";
import { emptyField } from "./fields.ts";
import { printPythonJson } from "./python-json.ts";
import { pythonStr } from "./python-str.ts";
import type { PythonDict } from "./python-value.ts";
import type { TerminalInfo } from "./synapse-body.ts";

/** Order of a terminal's headers: that of its class. */
const GROUPS = ["axon", "dendrite"] as const;

export type HeaderFacts = {
  timeoutS: number;
  axon: TerminalInfo;
  dendrite: TerminalInfo;
  bodyHash: string;
};

/**
 * The headers of a request or reply, in Python's order. A Python axon builds its first view of a request from them, so
 * each required field is there as an empty value of its type; the real values are in the body.
 *
 * @param values - Fields that are set.
 */
export function v10Headers(
  synapse: V10Synapse,
  values: PythonDict,
  facts: HeaderFacts,
): Record<string, string> {
  const headers: Record<string, string> = { name: synapse.name, timeout: pythonStr(facts.timeoutS) };
  for (const group of GROUPS) {
    for (const [key, value] of Object.entries(facts[group])) {
      if (value !== null && value !== undefined) headers[`bt_header_${group}_${key}`] = pythonStr(value);
    }
  }
  for (const [name, field] of Object.entries(synapse.fields)) {
    if (field.default !== undefined || (values.get(name) ?? null) === null) continue;
    const empty = printPythonJson(emptyField(field.type));
    headers[`bt_header_input_obj_${name}`] = Buffer.from(empty).toString("base64");
  }
  // Sizes of Python objects upstream. Nobody reads them, but they must be there as whole numbers.
  return { ...headers, header_size: "0", total_size: "0", computed_body_hash: facts.bodyHash };
}
