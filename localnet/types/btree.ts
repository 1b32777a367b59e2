import { type Codec, createCodec } from "@polkadot-api/substrate-bindings";
import { tuple, vec } from "./composites.ts";
import { createNode, type TypeNode, type TypeParam } from "./type-node.ts";

/** A `BTreeMap`: on the wire a sequence of pairs, keys ascending. Keys are numbers, or bytes in hex. */
export function btreeMap<K extends number | string, V>(
  key: TypeNode<K>,
  value: TypeNode<V>,
): TypeNode<Map<K, V>> {
  const pairs = vec(tuple(key, value)) as TypeNode<[K, V][]>;
  const inner = pairs.codec as unknown as Codec<[K, V][]>;
  const codec = createCodec<Map<K, V>>(
    (map) => inner.enc([...map].sort(([a], [b]) => (a < b ? -1 : 1))),
    (bytes) => new Map(inner.dec(bytes)),
  );
  const params = [
    { name: "K", type: key },
    { name: "V", type: value },
  ];
  return createNode(codec, shapeOf("BTreeMap", params, pairs), "BTreeMap");
}

/** A `BTreeSet`: on the wire a sequence, ascending. */
export function btreeSet<T extends number>(of: TypeNode<T>): TypeNode<Set<T>> {
  const items = vec(of);
  const inner = items.codec as unknown as Codec<T[]>;
  const codec = createCodec<Set<T>>(
    (set) => inner.enc([...set].sort((a, b) => a - b)),
    (bytes) => new Set(inner.dec(bytes)),
  );
  return createNode(codec, shapeOf("BTreeSet", [{ name: "T", type: of }], items), "BTreeSet");
}

/** A `BTreeSet` of composites: a list without doubles, which is written ascending by `compare`. */
export function btreeSetOf<T>(of: TypeNode<T>, compare: (a: T, b: T) => number): TypeNode<T[]> {
  const items = vec(of);
  const inner = items.codec as unknown as Codec<T[]>;
  const codec = createCodec<T[]>((list) => inner.enc([...list].sort(compare)), inner.dec);
  return createNode(codec, shapeOf("BTreeSet", [{ name: "T", type: of }], items), "BTreeSet");
}

function shapeOf(name: string, params: TypeParam[], inner: TypeNode) {
  return {
    kind: "composite",
    path: [name],
    params,
    fields: () => [{ name: undefined, type: inner, typeName: undefined }],
  } as const;
}
