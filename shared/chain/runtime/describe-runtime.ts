import { Metadata, TypeRegistry } from "@polkadot/types";
import rpcDefinitions from "@polkadot/types/interfaces/jsonrpc";
import type { Registry } from "@polkadot/types/types";
import { SubforgeError } from "../../errors.ts";
import type { Lookup } from "../scale/type-table.ts";
import { createTypeTable } from "../scale/type-table.ts";
import type { RuntimeDescription } from "./runtime-shape.ts";

/** What is read of a pallet and of a runtime API, in the newest form that @polkadot/types makes of all of them. */
type Latest = {
  pallets: Iterable<{ name: Named; calls: { isSome: boolean; unwrap(): { type: Numbered } } }>;
  apis: Iterable<{ name: Named; methods: Iterable<{ name: Named; output: Numbered }> }>;
};
type Named = { toString(): string };
type Numbered = { toNumber(): number };

/** What the metadata in this registry declares, as far as we compare it. */
export function describeRuntime(registry: Registry): RuntimeDescription {
  const latest = registry.metadata as unknown as Latest;
  const calls = new Map<string, number>();
  for (const pallet of latest.pallets) {
    if (pallet.calls.isSome) {
      calls.set(pallet.name.toString().toLowerCase(), pallet.calls.unwrap().type.toNumber());
    }
  }
  const apis = new Map<string, number>();
  for (const api of latest.apis) {
    for (const method of api.methods) {
      apis.set(`${api.name.toString()}.${method.name.toString()}`, method.output.toNumber());
    }
  }
  return { table: createTypeTable(registry.lookup as unknown as Lookup), calls, apis };
}

/**
 * The same of metadata in a file: V14, V15 or V16, beginning with `meta`.
 *
 * @throws SubforgeError CHAIN_BAD_ANSWER
 */
export function describeMetadata(bytes: Uint8Array): RuntimeDescription {
  try {
    const registry = new TypeRegistry();
    const metadata = new Metadata(registry, `0x${Buffer.from(bytes).toString("hex")}`);
    registry.setMetadata(metadata, undefined, undefined, true);
    return describeRuntime(registry);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "the metadata", problem }, { cause: error });
  }
}

/** Refusals and failures reach our caller as errors; @polkadot/api would print each of them as well. */
export function quietRpc(): void {
  for (const section of Object.values(rpcDefinitions)) {
    for (const method of Object.values(section)) (method as { noErrorLog?: boolean }).noErrorLog = true;
  }
}
