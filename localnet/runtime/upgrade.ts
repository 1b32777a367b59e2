import { tuple, wrapper } from "../types/composites.ts";
import { U8, U16 } from "../types/primitives.ts";
import { named } from "../types/type-node.ts";
import type { Call } from "./dsl/calls.ts";
import type { Pallet, PalletSource } from "./dsl/pallet.ts";
import type { StorageItem } from "./dsl/storage.ts";

/**
 * What the next version of the runtime changes besides its number:
 * - `none`: nothing.
 * - `newtype`: `netuid` in calls and in keys of storage becomes a struct around u16. Same bytes, other metadata.
 * - `argument`: `set_weights` takes one more argument, `mechid: u8`. Other bytes.
 * - `rename`: `set_weights` has another name. Same bytes, but who looks for the old name finds none.
 */
export const RUNTIME_CHANGES = ["none", "newtype", "argument", "rename"] as const;
export type RuntimeChange = (typeof RUNTIME_CHANGES)[number];

export type RuntimeUpgrade = { specVersion: number; change: RuntimeChange };

const CHANGED_CALL = "set_weights";
const NetUid = named("NetUid", wrapper("subtensor_runtime_common::NetUid", U16));

/** The same pallets, with types as a later runtime might have them: for clients that must notice. */
export function changeRuntime(sources: readonly PalletSource[], change: RuntimeChange): PalletSource[] {
  return sources.map((source) =>
    typeof source === "function"
      ? (types) => changePallet(source(types), change)
      : changePallet(source, change),
  );
}

function changePallet(pallet: Pallet, change: RuntimeChange): Pallet {
  if (change === "none") return pallet;
  const calls = pallet.calls && mapValues(pallet.calls, (call, name) => changeCall(call, name, change));
  const storage =
    change === "newtype" && pallet.name === "SubtensorModule"
      ? pallet.storage && mapValues(pallet.storage, changeKeys)
      : pallet.storage;
  return {
    ...pallet,
    ...(calls && { calls: change === "rename" ? renamed(calls) : calls }),
    ...(storage && { storage }),
  };
}

function changeCall(call: Call, name: string, change: RuntimeChange): Call {
  if (change === "newtype")
    return { ...call, args: mapValues(call.args, (node) => (node.typeName === "NetUid" ? NetUid : node)) };
  if (change === "argument" && name === CHANGED_CALL)
    return { ...call, args: { ...call.args, mechid: named("MechId", U8) } };
  return call;
}

function renamed(calls: Record<string, Call>): Record<string, Call> {
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name === CHANGED_CALL ? `${name}_v2` : name, call]),
  );
}

/** Keys that begin with a plain u16 are netuids. */
function changeKeys(item: StorageItem): StorageItem {
  const { key, hashers } = item;
  if (key === undefined || hashers[0] !== "Identity") return item;
  if (key.shape === U16.shape) return { ...item, key: NetUid };
  if (key.shape.kind !== "tuple" || key.shape.of[0]?.shape !== U16.shape) return item;
  return { ...item, key: tuple(NetUid, ...key.shape.of.slice(1)) };
}

function mapValues<T>(all: Record<string, T>, change: (value: T, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, change(value, name)]));
}
