import { SubforgeError } from "../../shared/errors.ts";

/** What a client is told, so: nothing of this machine, and of its own words only what `printable` lets through. */
export function oipInvalid(problem: string): SubforgeError<"OIP_INVALID"> {
  return new SubforgeError("OIP_INVALID", { problem });
}

/** A stranger's name for a message: short and without control characters. */
export function printable(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}
