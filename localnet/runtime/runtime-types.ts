import { createMetadata, METADATA_VERSIONS, type MetadataVersion } from "../metadata/metadata.ts";
import { enumeration, type VariantSpec, variant, wrapper } from "../types/composites.ts";
import { Bytes } from "../types/primitives.ts";
import { MultiAddress, MultiSignature } from "../types/substrate-types.ts";
import { lazyNode, named, type TypeNode, untyped } from "../types/type-node.ts";
import type { Call } from "./dsl/calls.ts";
import type { RuntimeCall } from "./dsl/context.ts";
import type { Pallet, PalletSource, RuntimeTypes } from "./dsl/pallet.ts";
import { extensionsNode } from "./extensions.ts";
import { createExtrinsicCodec, type ExtrinsicCodec } from "./extrinsic.ts";
import { runtimeVersion, SPEC_VERSION } from "./version.ts";

/** A pallet with the enums that its calls, events and errors make. */
export type DeclaredPallet = Pallet & {
  nodes: { call: TypeNode | undefined; event: TypeNode | undefined; error: TypeNode | undefined };
};

/** All pallets and the types that span them. */
export type DeclaredRuntime = {
  pallets: readonly DeclaredPallet[];
  types: RuntimeTypes;
  error: TypeNode;
  extrinsics: ExtrinsicCodec;
  /** A signed or unsigned transaction, as the metadata describes it. */
  extrinsic: { node: TypeNode<Uint8Array>; generic: TypeNode; extra: TypeNode };
};

/** Resolve pallets that need the whole, and build the whole from the resolved pallets. */
export function declareRuntime(
  sources: readonly PalletSource[],
  specVersion: number = SPEC_VERSION,
): DeclaredRuntime {
  let declared: DeclaredRuntime;
  let metadata: ReturnType<typeof createMetadata> | undefined;
  let outer: { call: TypeNode<RuntimeCall>; event: TypeNode };
  const call = lazyNode("<T as Config>::RuntimeCall", () => outer.call);
  const extrinsic = extrinsicNode(call);
  const types: RuntimeTypes = {
    call,
    event: lazyNode("E", () => outer.event),
    extrinsic: extrinsic.node,
    info: (value) => callOf(declared.pallets, value).info(value.value.value),
    decode: (bytes) => declared.extrinsics.decode(bytes),
    version: () => runtimeVersion(declared.pallets, specVersion),
    metadata: (version) => {
      if (!isServed(version)) return undefined;
      metadata ??= createMetadata(declared);
      return metadata(version);
    },
  };
  const pallets = sources
    .map((source) => withNodes(typeof source === "function" ? source(types) : source))
    .sort((a, b) => a.index - b.index);
  outer = {
    call: outerEnum("RuntimeCall", pallets, "call") as TypeNode<RuntimeCall>,
    event: outerEnum("RuntimeEvent", pallets, "event"),
  };
  declared = {
    pallets,
    types,
    error: outerEnum("RuntimeError", pallets, "error"),
    extrinsics: createExtrinsicCodec(call, pallets),
    extrinsic,
  };
  return declared;
}

/** The declaration behind a decoded call. */
export function callOf(pallets: readonly Pallet[], { type, value }: RuntimeCall): Call {
  const found = pallets.find(({ name }) => name === type)?.calls?.[value.type];
  if (found === undefined) throw new TypeError(`${type}.${value.type} is not declared`);
  return found;
}

function isServed(version: number): version is MetadataVersion {
  return METADATA_VERSIONS.some((served) => served === version);
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

/** Clients show the documentation of an error, and some stumble over none. */
function toSentence(name: string): string {
  const words = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function errorNode({ path, generics, errors }: Pallet): TypeNode | undefined {
  if (errors === undefined) return undefined;
  const variants = Object.entries(errors.indexes).map(([name, index]) => [
    name,
    { ...variant(index), docs: [toSentence(name)] },
  ]);
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
function extrinsicNode(call: TypeNode<RuntimeCall>): DeclaredRuntime["extrinsic"] {
  const extra = extensionsNode();
  const params = { Address: MultiAddress, Call: call, Signature: MultiSignature };
  const generic = wrapper("sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic", untyped(Bytes), {
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
