import { enumeration, tuple, type VariantSpec, variant, wrapper } from "../types/composites.ts";
import { Bytes } from "../types/primitives.ts";
import { MultiAddress, MultiSignature } from "../types/substrate-types.ts";
import { lazyNode, named, type TypeNode } from "../types/type-node.ts";
import type { RuntimeCall } from "./dsl/context.ts";
import type { Pallet, PalletSource, RuntimeTypes } from "./dsl/pallet.ts";
import { TRANSACTION_EXTENSIONS } from "./extensions.ts";

/** A pallet with the enums that its calls, events and errors make. */
export type DeclaredPallet = Pallet & {
  nodes: { call: TypeNode | undefined; event: TypeNode | undefined; error: TypeNode | undefined };
};

/** All pallets and the types that span them. */
export type DeclaredRuntime = {
  pallets: readonly DeclaredPallet[];
  types: RuntimeTypes;
  error: TypeNode;
  /** A signed or unsigned transaction, described; it is decoded by hand. */
  extrinsic: { node: TypeNode<Uint8Array>; generic: TypeNode; extra: TypeNode };
};

/** Resolve pallets that need the outer types, and build these from the resolved pallets. */
export function declareRuntime(sources: readonly PalletSource[]): DeclaredRuntime {
  let call: TypeNode<RuntimeCall>;
  let event: TypeNode;
  const types: RuntimeTypes = {
    call: lazyNode("<T as Config>::RuntimeCall", () => call),
    event: lazyNode("E", () => event),
  };
  const pallets = sources
    .map((source) => withNodes(typeof source === "function" ? source(types) : source))
    .sort((a, b) => a.index - b.index);
  call = outerEnum("RuntimeCall", pallets, "call") as TypeNode<RuntimeCall>;
  event = outerEnum("RuntimeEvent", pallets, "event");
  return {
    pallets,
    types,
    error: outerEnum("RuntimeError", pallets, "error"),
    extrinsic: extrinsicNode(types),
  };
}

function withNodes(pallet: Pallet): DeclaredPallet {
  return {
    ...pallet,
    nodes: { call: callNode(pallet), event: eventNode(pallet), error: errorNode(pallet) },
  };
}

function callNode({ path, generics, calls }: Pallet): TypeNode | undefined {
  if (calls === undefined) return undefined;
  const variants = Object.entries(calls).map(([name, { index, args }]) => [name, variant(index, args)]);
  return enumeration(`${path}::Call`, Object.fromEntries(variants), unresolved(generics?.call));
}

function eventNode({ path, generics, events }: Pallet): TypeNode | undefined {
  return events && enumeration(`${path}::Event`, events.variants, unresolved(generics?.event));
}

function errorNode({ path, generics, errors }: Pallet): TypeNode | undefined {
  if (errors === undefined) return undefined;
  const variants = Object.entries(errors.indexes).map(([name, index]) => [name, variant(index)]);
  return enumeration(`${path}::Error`, Object.fromEntries(variants), unresolved(generics?.error));
}

function outerEnum(
  name: string,
  pallets: readonly DeclaredPallet[],
  kind: "call" | "event" | "error",
): TypeNode {
  const variants: Record<string, VariantSpec> = {};
  for (const pallet of pallets) {
    const node = pallet.nodes[kind];
    if (node === undefined) continue;
    const crate = pallet.path.replace(/::pallet$/, "");
    variants[pallet.name] = variant(pallet.index, [named(`${crate}::${node.typeName}<Runtime>`, node)]);
  }
  return enumeration(`node_subtensor_runtime::${name}`, variants);
}

/** The two wrappers of the real runtime; clients find address, call and signature by their parameters. */
function extrinsicNode({ call }: RuntimeTypes): DeclaredRuntime["extrinsic"] {
  const extras = TRANSACTION_EXTENSIONS.map(({ extra }) => extra);
  const extra = tuple(tuple(...extras.slice(0, 7)), tuple(...extras.slice(7, 12)), extras[12]!);
  const params = { Address: MultiAddress, Call: call, Signature: MultiSignature };
  const generic = wrapper("sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic", Bytes, {
    ...params,
    Extra: extra,
  });
  const node = wrapper(
    "fp_self_contained::unchecked_extrinsic::UncheckedExtrinsic",
    named("generic::UncheckedExtrinsic<Address, Call, Signature, Extension>", generic),
    { ...params, Extension: extra },
  );
  return { node, generic, extra };
}

function unresolved(names: readonly string[] = ["T"]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
