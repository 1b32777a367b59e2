import { createHash } from "node:crypto";
import type { V10Synapse } from "../../v10-synapse.ts";
import { pythonStr } from "./python-str.ts";
import type { PythonDict } from "./python-value.ts";

/**
 * `computed_body_hash`: over Python's `str()` of the listed fields, not over the bytes of the body. With no listed
 * field it says nothing about the body.
 *
 * @param values - As `readBody` makes them.
 * @returns 64 lower-case hex digits.
 */
export function bodyHash(synapse: Pick<V10Synapse, "requiredHashFields">, values: PythonDict): string {
  return sha3Hex(
    synapse.requiredHashFields.map((name) => sha3Hex(pythonStr(values.get(name) ?? null))).join(""),
  );
}

/** SHA3-256 as FIPS 202 has it. */
function sha3Hex(text: string): string {
  return createHash("sha3-256").update(text).digest("hex");
}
