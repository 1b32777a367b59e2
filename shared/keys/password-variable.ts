import { resolve } from "node:path";
import { SubforgeError } from "../errors.ts";

/** Name of the environment variable in which btcli keeps the password of one keyfile. */
export function passwordVariable(keyfilePath: string): string {
  return `BT_PW_${resolve(keyfilePath).replace(/[/.]/g, "_")}`.toUpperCase();
}

/**
 * The password behind the value of that variable: base64 of the password XOR the variable's own name. That hides it
 * from a glance and from nothing else.
 *
 * @throws SubforgeError CONFIG_INVALID when the value is not base64 of UTF-8
 */
export function decodePasswordVariable(variable: string, value: string): string {
  const hidden = Buffer.from(value, "base64");
  if (value === "" || hidden.toString("base64") !== value) throw invalid(variable, "it is not base64");
  const name = Buffer.from(variable);
  const password = hidden.map((byte, i) => byte ^ name[i % name.length]!);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(password);
  } catch {
    throw invalid(variable, "it does not hold text");
  }
}

function invalid(variable: string, problem: string): SubforgeError {
  return new SubforgeError("CONFIG_INVALID", { what: variable, problems: [problem] });
}
