import type { CodecType, v14Lookup } from "@polkadot-api/substrate-bindings";
import type { FieldShape, TypeNode, TypeParam, TypeShape } from "./type-node.ts";

export type RegistryEntry = CodecType<typeof v14Lookup>[number];

/** The table of types that metadata refers to by number: an entry's id is its position. */
export class TypeRegistry {
  readonly entries: RegistryEntry[] = [];
  readonly #ids = new Map<TypeShape, number>();
  readonly #structural = new Map<string, number>();

  /** Add a type and all it consists of. @returns its id, the same each time */
  idOf(node: TypeNode): number {
    const { shape } = node;
    const known = this.#ids.get(shape);
    if (known !== undefined) return known;
    const id = isNamed(shape) ? this.#addNamed(shape) : this.#addStructural(shape);
    this.#ids.set(shape, id);
    return id;
  }

  /** A named type may contain itself, so its id exists before its fields are walked. */
  #addNamed(shape: NamedShape): number {
    const params = shape.params;
    const key = params.length > 0 ? this.#genericKey(shape) : undefined;
    const known = key === undefined ? undefined : this.#structural.get(key);
    if (known !== undefined) return known;
    const id = this.#reserve();
    this.#ids.set(shape, id);
    if (key !== undefined) this.#structural.set(key, id);
    const entry = this.entries[id]!;
    entry.path = [...shape.path];
    entry.params = params.map((param) => this.#param(param));
    entry.def =
      shape.kind === "composite"
        ? { tag: "composite", value: shape.fields().map((field) => this.#field(field)) }
        : {
            tag: "variant",
            value: shape.variants().map(({ name, index, fields, docs = [] }) => ({
              name,
              index,
              fields: fields.map((field) => this.#field(field)),
              docs: [...docs],
            })),
          };
    return id;
  }

  /** Two `Vec<u16>` are one entry, wherever they were written. */
  #addStructural(shape: Exclude<TypeShape, NamedShape>): number {
    const def = this.#definition(shape);
    const key = JSON.stringify(def);
    const known = this.#structural.get(key);
    if (known !== undefined) return known;
    const id = this.#reserve();
    this.#structural.set(key, id);
    this.entries[id]!.def = def;
    return id;
  }

  #definition(shape: Exclude<TypeShape, NamedShape>): RegistryEntry["def"] {
    switch (shape.kind) {
      case "primitive":
        return { tag: "primitive", value: { tag: shape.name, value: undefined } };
      case "sequence":
        return { tag: "sequence", value: this.idOf(shape.of) };
      case "compact":
        return { tag: "compact", value: this.idOf(shape.of) };
      case "array":
        return { tag: "array", value: { type: this.idOf(shape.of), len: shape.length } };
      case "tuple":
        return { tag: "tuple", value: shape.of.map((node) => this.idOf(node)) };
    }
  }

  /** `Option<u16>` written twice is one type: same path, same parameters. */
  #genericKey(shape: NamedShape): string {
    const params = shape.params.map(({ type }) => (type === undefined ? "-" : this.idOf(type)));
    return `${shape.path.join("::")}<${params.join(",")}>`;
  }

  #param({ name, type }: TypeParam): RegistryEntry["params"][number] {
    return { name, type: type === undefined ? undefined : this.idOf(type) };
  }

  #field({ name, type, typeName }: FieldShape): FieldEntry {
    return { name, type: this.idOf(type), typeName, docs: [] };
  }

  #reserve(): number {
    const id = this.entries.length;
    this.entries.push({ id, path: [], params: [], def: { tag: "tuple", value: [] }, docs: [] });
    return id;
  }
}

type NamedShape = Extract<TypeShape, { path: readonly string[] }>;
type FieldEntry = Extract<RegistryEntry["def"], { tag: "composite" }>["value"][number];

function isNamed(shape: TypeShape): shape is NamedShape {
  return shape.kind === "composite" || shape.kind === "variant";
}
