import type { ScaleReader } from "./scale-reader.ts";
import { isOption, optionOf } from "./type-shape.ts";
import type { TypeTable } from "./type-table.ts";

export type Skip = (reader: ScaleReader) => void;

const PRIMITIVE_BYTES: Record<string, number> = {
  bool: 1,
  char: 4,
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  u128: 16,
  u256: 32,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  i128: 16,
  i256: 32,
};

/** Bytes of a value when all values of the type have equally many; undefined otherwise. */
function fixedBytes(table: TypeTable, id: number): number | undefined {
  const type = table(id);
  if (type.kind === "primitive") return PRIMITIVE_BYTES[type.name];
  const parts =
    type.kind === "array"
      ? [type.of]
      : type.kind === "tuple"
        ? type.of
        : type.kind === "composite"
          ? type.fields.map((field) => field.type)
          : undefined;
  if (!parts) return undefined;
  let sum = 0;
  for (const part of parts) {
    const bytes = fixedBytes(table, part);
    if (bytes === undefined) return undefined;
    sum += bytes;
  }
  return type.kind === "array" ? sum * type.length : sum;
}

/**
 * How to step over a value that nobody needs.
 *
 * @throws RangeError for a type that cannot be stepped over, such as one that contains itself
 */
export function skipType(table: TypeTable, id: number, depth = 0): Skip {
  if (depth > 16) throw new RangeError("a type contains itself");
  const inner = (of: number) => skipType(table, of, depth + 1);
  const fixed = fixedBytes(table, id);
  if (fixed !== undefined) return (reader) => reader.skip(fixed);
  const type = table(id);
  switch (type.kind) {
    case "primitive":
      return (reader) => reader.skip(reader.length(1)); // str, the only one left
    case "compact":
      return (reader) => void reader.compactBig();
    case "sequence": {
      const bytes = fixedBytes(table, type.of);
      if (bytes !== undefined) return (reader) => reader.skip(reader.length(bytes) * bytes);
      const element = inner(type.of);
      return (reader) => {
        for (let left = reader.length(1); left > 0; left--) element(reader);
      };
    }
    case "array": {
      const element = inner(type.of);
      return (reader) => {
        for (let left = type.length; left > 0; left--) element(reader);
      };
    }
    case "tuple":
      return inTurn(type.of.map(inner));
    case "composite":
      return inTurn(type.fields.map((field) => inner(field.type)));
    case "variant": {
      if (isOption(type)) {
        const value = inner(optionOf(type));
        return (reader) => {
          if (reader.bool()) value(reader);
        };
      }
      const variants = new Map(
        type.variants.map(({ index, fields }) => [index, inTurn(fields.map((field) => inner(field.type)))]),
      );
      return (reader) => {
        const index = reader.u8();
        const variant = variants.get(index);
        if (!variant) throw new RangeError(`there is no variant ${index}`);
        variant(reader);
      };
    }
    case "other":
      throw new RangeError(`a ${type.name} cannot be stepped over`);
  }
}

function inTurn(parts: readonly Skip[]): Skip {
  return (reader) => {
    for (const part of parts) part(reader);
  };
}
