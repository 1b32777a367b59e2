import { type Codec, createCodec } from "@polkadot-api/substrate-bindings";

/** What the portable registry of the metadata says about a type. Named types are functions: they may contain themselves. */
export type TypeShape =
  | { kind: "primitive"; name: PrimitiveName }
  | { kind: "sequence" | "compact"; of: TypeNode }
  | { kind: "array"; of: TypeNode; length: number }
  | { kind: "tuple"; of: readonly TypeNode[] }
  | { kind: "composite"; path: readonly string[]; params: readonly TypeParam[]; fields: () => FieldShape[] }
  | {
      kind: "variant";
      path: readonly string[];
      params: readonly TypeParam[];
      variants: () => VariantShape[];
    };

export type PrimitiveName =
  | "bool"
  | "str"
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "u128"
  | "i8"
  | "i16"
  | "i32"
  | "i64"
  | "i128";

/** A type parameter and what fills it; clients read some of them by position. */
export type TypeParam = { name: string; type: TypeNode | undefined };
export type FieldShape = { name: string | undefined; type: TypeNode; typeName: string | undefined };
export type VariantShape = { name: string; index: number; fields: FieldShape[]; docs?: readonly string[] };

/**
 * One SCALE type: how it is encoded, how the metadata describes it, and what its values are in TypeScript.
 * Wide integers are bigint, fixed bytes are lower-case hex, enums are `{type, value}`, options are `undefined` or a value.
 */
export interface TypeNode<T = unknown> {
  /** For nesting in other codecs; ask `encode` and `decode` for typed values. */
  readonly codec: Codec<unknown>;
  /** Compared by identity: one object is one entry of the registry. */
  readonly shape: TypeShape;
  /** What the Rust source calls the type where a field has it. The metadata repeats it, and clients show it. */
  readonly typeName: string;
  /** @throws RangeError or TypeError for a value outside the type */
  encode(value: T): Uint8Array;
  /** For bytes we wrote ourselves: does not notice what is left over. `decodeExactly` is for those of others. */
  decode(bytes: Uint8Array): T;
}

/** The TypeScript type of a node's values. */
export type ValueOf<Node> = Node extends TypeNode<infer T> ? T : never;

export function createNode<T>(codec: Codec<T>, shape: TypeShape, typeName: string): TypeNode<T> {
  return {
    codec: codec as unknown as Codec<unknown>,
    shape,
    typeName,
    encode: (value) => codec.enc(value),
    decode: (bytes) => codec.dec(ownBuffer(bytes)),
  };
}

/** The same type under the name a field gives it: `named("NetUid", U16)`. */
export function named<T>(typeName: string, node: TypeNode<T>): TypeNode<T> {
  return {
    codec: node.codec,
    get shape() {
      return node.shape; // asked for when everything is declared: the node may be a lazy one
    },
    typeName,
    encode: (value) => node.encode(value),
    decode: (bytes) => node.decode(bytes),
  };
}

/** The same type where a field has it without a name: `Option`, `Result`, `Cow` and the extrinsic do that. */
export function untyped<T>(node: TypeNode<T>): TypeNode<T> {
  return named("", node);
}

/** A node that is known later: for types that contain themselves. */
export function lazyNode<T>(typeName: string, resolve: () => TypeNode<T>): TypeNode<T> {
  const codec = createCodec<unknown>(
    (value) => resolve().codec.enc(value),
    (bytes) => resolve().codec.dec(bytes),
  );
  return {
    codec,
    get shape() {
      return resolve().shape;
    },
    typeName,
    encode: (value) => resolve().encode(value),
    decode: (bytes) => resolve().decode(bytes),
  };
}

/**
 * Decode bytes that somebody else made. Strict: what does not encode back to the same bytes is refused, so there is
 * one spelling of each value, nothing left over and nothing missing.
 *
 * @throws TypeError naming the type
 */
export function decodeExactly<T>(node: TypeNode<T>, bytes: Uint8Array): T {
  let value: T;
  let again: Uint8Array;
  try {
    value = node.decode(bytes);
    again = node.encode(value);
  } catch {
    throw new TypeError(`these ${bytes.length} bytes are no ${node.typeName}`);
  }
  if (Buffer.compare(again, bytes) !== 0) {
    throw new TypeError(`these ${bytes.length} bytes are no ${node.typeName} and nothing else`);
  }
  return value;
}

/** The codecs read `bytes.buffer` from its start: a view into a larger buffer must be copied first. */
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && !Buffer.isBuffer(bytes)
    ? bytes
    : new Uint8Array(bytes);
}
