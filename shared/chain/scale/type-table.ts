/** One type of a runtime, as its metadata declares it. Numbers refer to other types of the same table. */
export type TypeDef =
  | { kind: "primitive"; name: string }
  | { kind: "compact"; of: number }
  | { kind: "sequence"; of: number }
  | { kind: "array"; of: number; length: number }
  | { kind: "tuple"; of: number[] }
  | { kind: "composite"; fields: Field[] }
  | { kind: "variant"; path: string[]; variants: Variant[] }
  | { kind: "other"; name: string };

export type Field = { name: string | undefined; type: number };
export type Variant = { name: string; index: number; fields: Field[] };

/** Types by number. */
export type TypeTable = (id: number) => TypeDef;

/** The part of a portable registry that is read here. */
export type Lookup = { getSiType(id: number): { toJSON(): unknown } };

type Json = Record<string, unknown>;

/** Live metadata as plain data; each type is converted when it is first asked for. */
export function createTypeTable(lookup: Lookup): TypeTable {
  const known = new Map<number, TypeDef>();
  return (id) => {
    const before = known.get(id);
    if (before) return before;
    const type = toTypeDef(lookup.getSiType(id).toJSON() as { path: string[]; def: Json });
    known.set(id, type);
    return type;
  };
}

function toTypeDef({ path, def }: { path: string[]; def: Json }): TypeDef {
  const [kind = "none", body] = Object.entries(def)[0] ?? [];
  const part = body as Json;
  switch (kind.toLowerCase()) {
    case "primitive":
      return { kind: "primitive", name: String(body).toLowerCase() };
    case "compact":
      return { kind: "compact", of: Number(part.type) };
    case "sequence":
      return { kind: "sequence", of: Number(part.type) };
    case "array":
      return { kind: "array", of: Number(part.type), length: Number(part.len) };
    case "tuple":
      return { kind: "tuple", of: (body as unknown[]).map(Number) };
    case "composite":
      return { kind: "composite", fields: toFields(part.fields) };
    case "variant":
      return {
        kind: "variant",
        path,
        variants: ((part.variants ?? []) as Json[]).map(({ name, index, fields }) => ({
          name: String(name),
          index: Number(index),
          fields: toFields(fields),
        })),
      };
    default:
      return { kind: "other", name: kind };
  }
}

function toFields(fields: unknown): Field[] {
  return ((fields ?? []) as { name: string | null; type: number }[]).map(({ name, type }) => ({
    name: name ?? undefined,
    type: Number(type),
  }));
}
