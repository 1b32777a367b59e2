import type { Codec } from "@polkadot/types/types";
import { SubforgeError } from "../errors.ts";
import type { StateView } from "./read-subnet.ts";

/** An entry of SubtensorModule's storage, or of another pallet's as `pallet.entry`, and its keys. */
export type Entry = readonly [name: string, ...keys: (number | string)[]];

/** Several entries in one request. @throws SubforgeError CHAIN_CALL_UNKNOWN for what the runtime does not have */
export async function readStorage<Name extends string>(
  { at, ask }: StateView,
  entries: Record<Name, Entry>,
): Promise<Record<Name, Codec>> {
  const names = Object.keys(entries) as Name[];
  const calls = names.map((name) => {
    const [path, ...keys] = entries[name];
    const [pallet = "", item = ""] = path.includes(".") ? path.split(".") : ["subtensorModule", path];
    const entry = at.query[pallet]?.[item];
    if (!entry) throw missing(`${pallet}.${item}`);
    return [entry, ...(keys.length > 1 ? [keys] : keys)];
  });
  const values = await ask("storage", () => at.queryMulti(calls as never) as Promise<Codec[]>);
  return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, Codec>;
}

/** Numbers beyond 2^53 do not occur in what we read; where the chain could hold one, we would rather stop. */
export function toNumber(value: Codec): number {
  const number = Number(value.toString());
  if (Number.isSafeInteger(number)) return number;
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "a counter", problem: `it is ${value}` });
}

export function missing(what: string): SubforgeError {
  return new SubforgeError("CHAIN_CALL_UNKNOWN", { call: what, reason: "the runtime does not have it" });
}
