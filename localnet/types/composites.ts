import {
  type Codec,
  createCodec,
  Option as optionCodec,
  type StringRecord,
  Struct as structCodec,
  Tuple as tupleCodec,
  Variant as variantCodec,
  Vector as vectorCodec,
  _void as voidCodec,
} from "@polkadot-api/substrate-bindings";
import { createNode, type FieldShape, type TypeNode, type TypeParam, type ValueOf } from "./type-node.ts";

/** Named fields, in the order of the encoding. */
export type Fields = Record<string, TypeNode>;
export type FieldValues<F extends Fields> = { [K in keyof F]: ValueOf<F[K]> };
type Codecs = StringRecord<Codec<unknown>>;
type TupleValues<N extends readonly TypeNode[]> = { -readonly [K in keyof N]: ValueOf<N[K]> };

/** The empty tuple. */
export const Unit: TypeNode<undefined> = createNode(voidCodec, { kind: "tuple", of: [] }, "()");

export function vec<T>(of: TypeNode<T>): TypeNode<T[]> {
  const codec = vectorCodec(of.codec) as unknown as Codec<T[]>;
  return createNode(codec, { kind: "sequence", of }, `Vec<${of.typeName}>`);
}

export function tuple<const N extends readonly TypeNode[]>(...of: N): TypeNode<TupleValues<N>> {
  const codec = tupleCodec(...of.map((node) => node.codec)) as unknown as Codec<TupleValues<N>>;
  return createNode(codec, { kind: "tuple", of }, `(${of.map((node) => node.typeName).join(", ")})`);
}

export function option<T>(of: TypeNode<T>): TypeNode<T | undefined> {
  return createNode(
    optionCodec(of.codec) as unknown as Codec<T | undefined>,
    {
      kind: "variant",
      path: ["Option"],
      params: [{ name: "T", type: of }],
      variants: () => [
        { name: "None", index: 0, fields: [] },
        { name: "Some", index: 1, fields: [{ name: undefined, type: of, typeName: undefined }] },
      ],
    },
    `Option<${of.typeName}>`,
  );
}

/** An option inside another one: null where the inner one is none, so that the outer one can tell. */
export function nullable<T>(of: TypeNode<T | undefined>): TypeNode<T | null> {
  const inner = of.codec as unknown as Codec<T | undefined>;
  const codec = createCodec<T | null>(
    (value) => inner.enc(value ?? undefined),
    (bytes) => inner.dec(bytes) ?? null,
  );
  return createNode(codec, of.shape, of.typeName);
}

/** `[T; N]` of anything but bytes, which `fixedBytes` takes. */
export function array<T>(of: TypeNode<T>, length: number): TypeNode<T[]> {
  const codec = vectorCodec(of.codec, length) as unknown as Codec<T[]>;
  return createNode(codec, { kind: "array", of, length }, `[${of.typeName}; ${length}]`);
}

/**
 * A struct with a path in the registry: `record("pallet_subtensor::pallet::AxonInfo", { block: U64, ... })`.
 *
 * @param params - Type parameters of the Rust type, in order. `undefined` for one the registry does not resolve.
 */
export function record<const F extends Fields>(
  path: string,
  fields: F,
  params: Record<string, TypeNode | undefined> = {},
): TypeNode<FieldValues<F>> {
  const segments = path.split("::");
  return createNode(
    fieldsCodec(fields) as unknown as Codec<FieldValues<F>>,
    { kind: "composite", path: segments, params: typeParams(params), fields: () => fieldShapes(fields) },
    segments.at(-1)!,
  );
}

/** A named struct around one unnamed field, whose value is that field's: `BoundedVec`, `H256`. */
export function wrapper<T>(
  path: string,
  of: TypeNode<T>,
  params: Record<string, TypeNode | undefined> = {},
): TypeNode<T> {
  const segments = path.split("::");
  return createNode(
    of.codec as unknown as Codec<T>,
    {
      kind: "composite",
      path: segments,
      params: typeParams(params),
      fields: () => [{ name: undefined, type: of, typeName: of.typeName || undefined }],
    },
    segments.at(-1)!,
  );
}

/** A variant of an enum: its index and its fields, named, unnamed or none. */
export type VariantSpec<V = unknown> = {
  index: number;
  shapes: FieldShape[];
  codec: Codec<unknown>;
  /** Lines for people, where clients show them. */
  docs?: readonly string[];
  Value?: V;
};

/** Without fields the value is undefined, with one unnamed field it is that field's, with several it is a tuple. */
export function variant(index: number): VariantSpec<undefined>;
export function variant<const F extends Fields>(index: number, fields: F): VariantSpec<FieldValues<F>>;
export function variant<const N extends TypeNode>(
  index: number,
  fields: readonly [N],
): VariantSpec<ValueOf<N>>;
export function variant<const N extends readonly TypeNode[]>(
  index: number,
  fields: N,
): VariantSpec<TupleValues<N>>;
export function variant(index: number, fields: Fields | readonly TypeNode[] = []): VariantSpec {
  if (!isList(fields)) return { index, shapes: fieldShapes(fields), codec: fieldsCodec(fields) };
  const shapes = fields.map((type) => ({ name: undefined, type, typeName: type.typeName }));
  const codecs = fields.map((node) => node.codec);
  if (codecs.length === 0) return { index, shapes, codec: voidCodec as unknown as Codec<unknown> };
  if (codecs.length === 1) return { index, shapes, codec: codecs[0]! };
  return { index, shapes, codec: tupleCodec(...codecs) as unknown as Codec<unknown> };
}

export type Variants = Record<string, VariantSpec>;
export type EnumValue<V extends Variants> = {
  [K in keyof V & string]: V[K] extends VariantSpec<infer T>
    ? [T] extends [undefined]
      ? { type: K; value?: undefined }
      : { type: K; value: T }
    : never;
}[keyof V & string];

/** A Rust enum: `enumeration("frame_support::dispatch::Pays", { Yes: variant(0), No: variant(1) })`. */
export function enumeration<const V extends Variants>(
  path: string,
  variants: V,
  params: Record<string, TypeNode | undefined> = {},
): TypeNode<EnumValue<V>> {
  const segments = path.split("::");
  const names = Object.keys(variants);
  const codecs = Object.fromEntries(names.map((name) => [name, variants[name]!.codec])) as Codecs;
  // The library types the indexes as a tuple as long as the record: ours is only known at run time.
  const indexes = names.map((name) => variants[name]!.index) as never;
  return createNode(
    variantCodec(codecs, indexes) as unknown as Codec<EnumValue<V>>,
    {
      kind: "variant",
      path: segments,
      params: typeParams(params),
      variants: () =>
        names.map((name) => {
          const { index, shapes, docs = [] } = variants[name]!;
          return { name, index, fields: shapes, docs };
        }),
    },
    segments.at(-1)!,
  );
}

export type ResultValue<T, E> = { type: "Ok"; value: T } | { type: "Err"; value: E };

export function result<T, E>(ok: TypeNode<T>, err: TypeNode<E>): TypeNode<ResultValue<T, E>> {
  const codec = variantCodec({ Ok: ok.codec, Err: err.codec }) as unknown as Codec<ResultValue<T, E>>;
  return createNode(
    codec,
    {
      kind: "variant",
      path: ["Result"],
      params: typeParams({ T: ok, E: err }),
      variants: () => [
        { name: "Ok", index: 0, fields: [{ name: undefined, type: ok, typeName: undefined }] },
        { name: "Err", index: 1, fields: [{ name: undefined, type: err, typeName: undefined }] },
      ],
    },
    `Result<${ok.typeName}, ${err.typeName}>`,
  );
}

function isList(fields: Fields | readonly TypeNode[]): fields is readonly TypeNode[] {
  return Array.isArray(fields);
}

function fieldShapes(fields: Fields): FieldShape[] {
  return Object.entries(fields).map(([name, type]) => ({ name, type, typeName: type.typeName }));
}

function fieldsCodec(fields: Fields): Codec<unknown> {
  const codecs = Object.fromEntries(
    Object.entries(fields).map(([name, node]) => [name, node.codec]),
  ) as Codecs;
  return structCodec(codecs) as unknown as Codec<unknown>;
}

function typeParams(params: Record<string, TypeNode | undefined>): TypeParam[] {
  return Object.entries(params).map(([name, type]) => ({ name, type }));
}
