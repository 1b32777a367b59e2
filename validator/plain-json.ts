import type { Json } from "../shared/types.ts";

/**
 * Does it come back from JSON as it went in? NaN and infinity become null, a date a text, and a state that holds one
 * would be another after a restart. No deeper than 64.
 */
export function isPlainJson(value: unknown, depth = 0): value is Json {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > 64) return false;
  if (Array.isArray(value)) return value.every((item) => isPlainJson(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return false;
  return Object.values(value).every((item) => isPlainJson(item, depth + 1));
}
