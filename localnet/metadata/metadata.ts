import { metadata as metadataCodec, type V14, type V15, type V16 } from "@polkadot-api/substrate-bindings";
import type { RuntimeApi } from "../runtime/dsl/pallet.ts";
import type { StorageItem } from "../runtime/dsl/storage.ts";
import { TRANSACTION_EXTENSIONS } from "../runtime/extensions.ts";
import type { DeclaredPallet, DeclaredRuntime } from "../runtime/runtime-types.ts";
import { Unit } from "../types/composites.ts";
import { bytesToHex } from "../types/hex.ts";
import { AccountId, MultiAddress, MultiSignature } from "../types/substrate-types.ts";
import type { TypeNode } from "../types/type-node.ts";
import { TypeRegistry } from "../types/type-registry.ts";

export const METADATA_VERSIONS = [14, 15, 16] as const;
export type MetadataVersion = (typeof METADATA_VERSIONS)[number];

/** "meta", little-endian. */
const MAGIC = 0x6174656d;
/** Extrinsic version that V14 and V15 can name; V16 lists all. */
const EXTRINSIC_VERSION = 4;
const NOT_DEPRECATED = { tag: "NotDeprecated", value: undefined } as const;

/** What a runtime says about itself, in each version that clients ask for. Made when asked for, and once. */
export function createMetadata(runtime: DeclaredRuntime): (version: MetadataVersion) => Uint8Array {
  const parts = describe(runtime);
  const made = new Map<MetadataVersion, Uint8Array>();
  return (version) => {
    const bytes = made.get(version) ?? encode(parts, version);
    made.set(version, bytes);
    return bytes;
  };
}

type Description = { v14: V14; v15: V15; v16: V16 };

function describe(runtime: DeclaredRuntime): Description {
  const registry = new TypeRegistry();
  const id = (node: TypeNode) => registry.idOf(node);
  id(AccountId); // Type 0, as in the real chain: the Python clients take that number for an account.
  const pallets = runtime.pallets.map((pallet) => describePallet(pallet, id));
  const apis = runtime.pallets.flatMap(({ apis = {} }) =>
    Object.entries(apis).map(([name, api]) => describeApi(name, api, id)),
  );
  const signedExtensions = TRANSACTION_EXTENSIONS.map(({ identifier, extra, additional }) => ({
    identifier,
    type: id(extra),
    additionalSigned: id(additional),
  }));
  const outer = { call: id(runtime.types.call), event: id(runtime.types.event), error: id(runtime.error) };
  const roles = { address: id(MultiAddress), call: outer.call, signature: id(MultiSignature) };
  const extrinsic = { generic: id(runtime.extrinsic.generic), extra: id(runtime.extrinsic.extra) };
  const runtimeType = id(Unit);
  const lookup = registry.entries;

  const v14: V14 = {
    lookup,
    pallets: pallets.map((pallet) => ({ ...older(pallet), docs: [] })),
    extrinsic: { type: extrinsic.generic, version: EXTRINSIC_VERSION, signedExtensions },
    type: runtimeType,
    apis: [],
  };
  const v15: V15 = {
    lookup,
    pallets: pallets.map(older),
    extrinsic: { version: EXTRINSIC_VERSION, ...roles, extra: extrinsic.extra, signedExtensions },
    type: runtimeType,
    apis,
    outerEnums: outer,
    custom: [],
  };
  const v16: V16 = {
    lookup,
    pallets,
    extrinsic: {
      version: [EXTRINSIC_VERSION, 5],
      ...roles,
      signedExtensionsByVersion: [[0, signedExtensions.map((_, i) => i)]],
      signedExtensions,
    },
    apis,
    outerEnums: outer,
    custom: [],
  };
  return { v14, v15, v16 };
}

function encode(description: Description, version: MetadataVersion): Uint8Array {
  const tag = `v${version}` as const;
  const versioned = { tag, value: description[tag] } as Parameters<typeof metadataCodec.enc>[0]["metadata"];
  return metadataCodec.enc({ magicNumber: MAGIC, metadata: versioned });
}

type PalletV16 = V16["pallets"][number];
type IdOf = (node: TypeNode) => number;

function describePallet(pallet: DeclaredPallet, id: IdOf): PalletV16 {
  const ref = (node: TypeNode | undefined) => node && { type: id(node), deprecationInfo: [] };
  const { storage, nodes, constants = {} } = pallet;
  return {
    name: pallet.name,
    storage: storage && {
      prefix: pallet.name,
      items: Object.values(storage).map((item) => describeItem(item, id)),
    },
    calls: ref(nodes.call),
    events: ref(nodes.event),
    constants: Object.entries(constants).map(([name, { type, value }]) => ({
      name,
      type: id(type),
      value: bytesToHex(value),
      docs: [],
      deprecationInfo: NOT_DEPRECATED,
    })),
    errors: ref(nodes.error),
    associatedTypes: [],
    viewFns: [],
    index: pallet.index,
    docs: [],
    deprecationInfo: NOT_DEPRECATED,
  };
}

function describeItem(item: StorageItem, id: IdOf): NonNullable<PalletV16["storage"]>["items"][number] {
  const value = id(item.value);
  return {
    name: item.name,
    modifier: item.modifier === "Optional" ? 0 : 1,
    type:
      item.key === undefined
        ? { tag: "plain", value }
        : {
            tag: "map",
            value: {
              hashers: item.hashers.map((tag) => ({ tag, value: undefined })),
              key: id(item.key),
              value,
            },
          },
    fallback: bytesToHex(item.fallback),
    docs: [],
    deprecationInfo: NOT_DEPRECATED,
  };
}

function describeApi(name: string, { version, methods }: RuntimeApi, id: IdOf): V16["apis"][number] {
  return {
    name,
    version,
    methods: Object.entries(methods).map(([method, { inputs, output }]) => ({
      name: method,
      inputs: Object.entries(inputs).map(([input, type]) => ({ name: input, type: id(type) })),
      output: id(output),
      docs: [],
      deprecationInfo: NOT_DEPRECATED,
    })),
    docs: [],
    deprecationInfo: NOT_DEPRECATED,
  };
}

/** V14 and V15 name the types of calls, events and errors directly. */
function older({ calls, events, errors, ...pallet }: PalletV16): V15["pallets"][number] {
  return { ...pallet, calls: calls?.type, events: events?.type, errors: errors?.type };
}
