import { SubforgeError } from "../../shared/errors.ts";
import type { HostCall, HostFunctions } from "./host-call.ts";
import { bls12381Functions } from "./host-functions/bls12-381-functions.ts";
import { childStorageFunctions } from "./host-functions/child-storage-functions.ts";
import { cryptoFunctions } from "./host-functions/crypto-functions.ts";
import { hashingFunctions } from "./host-functions/hashing-functions.ts";
import { miscFunctions } from "./host-functions/misc-functions.ts";
import { refusedFunction } from "./host-functions/refused-functions.ts";
import { storageFunctions } from "./host-functions/storage-functions.ts";
import { trieFunctions } from "./host-functions/trie-functions.ts";

/** What a call hands to the module: the functions it imports, each working on this call. */
export function hostFunctionsFor(names: readonly string[], call: HostCall): HostFunctions {
  const known: HostFunctions = {
    ...storageFunctions(call),
    ...childStorageFunctions(call),
    ...hashingFunctions(call),
    ...cryptoFunctions(call),
    ...trieFunctions(call),
    ...miscFunctions(call),
    ...bls12381Functions(call),
  };
  return Object.fromEntries(names.map((name) => [name, known[name] ?? refusedFunction(name)!]));
}

/** @throws SubforgeError RUNTIME_IMPORT_UNKNOWN naming all of them: a runtime that needs more than this host has */
export function requireKnown(names: readonly string[]): void {
  // The functions themselves are only made, never called: they need no call behind them to have names.
  const known = hostFunctionsFor(names, {} as HostCall);
  const unknown = names.filter((name) => known[name] === undefined);
  if (unknown.length > 0) throw new SubforgeError("RUNTIME_IMPORT_UNKNOWN", { imports: unknown });
}
