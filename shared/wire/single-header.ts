import type { WireHeaders } from "./btauth.ts";

/** @returns undefined when absent, null when repeated: a proxy and we might read different ones. */
export function singleHeader(headers: WireHeaders, name: string): string | undefined | null {
  const value = headers[name];
  if (value === undefined || typeof value === "string") return value;
  return value.length === 1 ? value[0] : null;
}
