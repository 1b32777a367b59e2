import type { Field, TypeDef, TypeTable } from "./type-table.ts";

/** Types in types; those of a chain go six deep, a call inside a call has no end. */
const MAX_DEPTH = 12;

/**
 * How a type looks in bytes, as text: `u16`, `[u16]`, `[u8; 32]`, `Option<Compact<u64>>`, `{netuid: u16}`. Names of
 * types play no part, and a struct of one member is that member: what was only wrapped or renamed has the same shape,
 * what was widened has another one.
 */
export function shapeOf(table: TypeTable, id: number, depth = 0): string {
  if (depth > MAX_DEPTH) return "…";
  const shape = (of: number) => shapeOf(table, of, depth + 1);
  const type = table(id);
  switch (type.kind) {
    case "primitive":
      return type.name;
    case "compact":
      return `Compact<${shape(type.of)}>`;
    case "sequence":
      return `[${shape(type.of)}]`;
    case "array":
      return `[${shape(type.of)}; ${type.length}]`;
    case "tuple":
      return `(${type.of.map(shape).join(", ")})`;
    case "composite":
      return type.fields.length === 1 ? shape(type.fields[0]!.type) : `{${members(type.fields, shape)}}`;
    case "variant":
      return isOption(type) ? `Option<${shape(optionOf(type))}>` : shapeOfVariants(type, shape);
    case "other":
      return type.name;
  }
}

/** What is inside an `Option`. */
export function optionOf(type: TypeDef): number {
  return (type as Extract<TypeDef, { kind: "variant" }>).variants[1]!.fields[0]!.type;
}

export function isOption(type: TypeDef): boolean {
  if (type.kind !== "variant") return false;
  const [none, some, ...more] = type.variants;
  return (
    more.length === 0 &&
    none?.name === "None" &&
    none.index === 0 &&
    some?.name === "Some" &&
    some.index === 1 &&
    some.fields.length === 1
  );
}

function shapeOfVariants(
  { variants }: Extract<TypeDef, { kind: "variant" }>,
  shape: (id: number) => string,
): string {
  const each = variants.map(({ name, index, fields }) => {
    return `${index} ${name}${fields.length === 0 ? "" : `(${members(fields, shape)})`}`;
  });
  return `enum {${each.join(", ")}}`;
}

function members(fields: readonly Field[], shape: (id: number) => string): string {
  return fields.map(({ name, type }) => (name ? `${name}: ${shape(type)}` : shape(type))).join(", ");
}
