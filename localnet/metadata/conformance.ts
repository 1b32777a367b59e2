import { decAnyMetadata, type UnifiedMetadata, unifyMetadata } from "@polkadot-api/substrate-bindings";

type Metadata = UnifiedMetadata;
type Lookup = Metadata["lookup"];
type Pallet = Metadata["pallets"][number];

/** These contain all pallets of a runtime, so they differ as long as ours has fewer: what is inside is compared elsewhere. */
const SPANNING = new Set(["RuntimeCall", "RuntimeEvent", "RuntimeError", "OriginCaller"]);

export function parseMetadata(bytes: Uint8Array): Metadata {
  return unifyMetadata(decAnyMetadata(new Uint8Array(bytes)));
}

/**
 * Where metadata of ours contradicts that of a real runtime, in readable lines. What we do not declare is no
 * contradiction; what we declare must be there and be the same: indexes, types with their names, modifiers, hashers,
 * defaults, constant bytes.
 *
 * @param listed - Storage items and constants that differ on purpose, as `Pallet.Name`: they are not compared.
 */
export function contradictions(ours: Metadata, real: Metadata, listed: readonly string[] = []): string[] {
  const problems: string[] = [];
  const types = new TypeComparison(ours.lookup, real.lookup, problems);
  const compare = (where: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b))
      problems.push(`${where}: ${JSON.stringify(a)} is ${JSON.stringify(b)} in reality`);
  };

  for (const pallet of ours.pallets) {
    const other = real.pallets.find(({ name }) => name === pallet.name);
    if (other === undefined) {
      problems.push(`${pallet.name}: no such pallet`);
      continue;
    }
    compare(`${pallet.name}: index`, pallet.index, other.index);
    compareStorage(pallet, other, listed, compare, types);
    compareConstants(pallet, other, listed, compare, types);
    for (const kind of ["calls", "events", "errors"] as const) {
      const id = pallet[kind]?.type;
      if (id !== undefined) types.compareVariants(`${pallet.name} ${kind}`, id, other[kind]?.type);
    }
  }
  for (const api of ours.apis) {
    const other = real.apis.find(({ name }) => name === api.name);
    for (const method of api.methods) {
      const where = `${api.name}_${method.name}`;
      const known = other?.methods.find(({ name }) => name === method.name);
      if (known === undefined) problems.push(`${where}: no such method`);
      compare(
        `${where}: inputs`,
        method.inputs.map(({ name }) => name),
        known?.inputs.map(({ name }) => name),
      );
      method.inputs.forEach((input, i) => {
        types.compare(`${where}.${input.name}`, input.type, known?.inputs[i]?.type);
      });
      types.compare(`${where} output`, method.output, known?.output);
    }
  }
  const extensions = Object.values(real.extrinsic.extensions);
  Object.values(ours.extrinsic.extensions).forEach(({ identifier, type, additionalSigned }, i) => {
    compare(`extension ${i}`, identifier, extensions[i]?.identifier);
    types.compare(`${identifier} extra`, type, extensions[i]?.type);
    types.compare(`${identifier} additional`, additionalSigned, extensions[i]?.additionalSigned);
  });
  return problems;
}

type Compare = (where: string, a: unknown, b: unknown) => void;

function compareStorage(
  ours: Pallet,
  real: Pallet,
  listed: readonly string[],
  compare: Compare,
  types: TypeComparison,
): void {
  for (const item of ours.storage?.items ?? []) {
    const where = `${ours.name}.${item.name}`;
    if (listed.includes(where)) continue;
    const other = real.storage?.items.find(({ name }) => name === item.name);
    if (other === undefined) {
      compare(where, "declared", "absent");
      continue;
    }
    compare(`${where} modifier`, item.modifier, other.modifier);
    compare(`${where} fallback`, item.fallback, other.fallback);
    compare(`${where} kind`, item.type.tag, other.type.tag);
    if (item.type.tag === "plain" && other.type.tag === "plain")
      types.compare(where, item.type.value, other.type.value);
    if (item.type.tag === "map" && other.type.tag === "map") {
      compare(`${where} hashers`, item.type.value.hashers, other.type.value.hashers);
      types.compare(`${where} key`, item.type.value.key, other.type.value.key);
      types.compare(where, item.type.value.value, other.type.value.value);
    }
  }
}

function compareConstants(
  ours: Pallet,
  real: Pallet,
  listed: readonly string[],
  compare: Compare,
  types: TypeComparison,
): void {
  for (const { name, type, value } of ours.constants) {
    const other = real.constants.find((constant) => constant.name === name);
    const where = `${ours.name}.${name}`;
    if (listed.includes(where)) continue;
    types.compare(where, type, other?.type);
    compare(where, value, other?.value);
  }
}

class TypeComparison {
  readonly #ours: Lookup;
  readonly #real: Lookup;
  readonly #problems: string[];
  readonly #seen = new Set<string>();

  constructor(ours: Lookup, real: Lookup, problems: string[]) {
    this.#ours = ours;
    this.#real = real;
    this.#problems = problems;
  }

  /** Enums of which ours may have fewer variants. */
  compareVariants(where: string, ours: number, real: number | undefined): void {
    const a = this.#ours[ours]!;
    const b = real === undefined ? undefined : this.#real[real];
    if (a.def.tag !== "variant" || b?.def.tag !== "variant") {
      this.#problems.push(`${where}: not there`);
      return;
    }
    this.#same(`${where} path`, a.path, b.path);
    this.#same(
      `${where} params`,
      a.params.map(({ name }) => name),
      b.params.map(({ name }) => name),
    );
    for (const variant of a.def.value) {
      const other = b.def.value.find(({ name }) => name === variant.name);
      this.#same(`${where}.${variant.name} index`, variant.index, other?.index);
      this.#fields(`${where}.${variant.name}`, variant.fields, other?.fields ?? []);
    }
  }

  compare(where: string, ours: number, real: number | undefined): void {
    if (real === undefined) {
      this.#problems.push(`${where}: not there`);
      return;
    }
    const pair = `${ours}:${real}`;
    if (this.#seen.has(pair)) return;
    this.#seen.add(pair);
    const a = this.#ours[ours]!;
    const b = this.#real[real]!;
    this.#same(`${where} path`, a.path, b.path);
    if (SPANNING.has(a.path.at(-1) ?? "")) return;
    this.#same(
      `${where} params`,
      a.params.map(({ name }) => name),
      b.params.map(({ name }) => name),
    );
    a.params.forEach(({ name, type }, i) => {
      const other = b.params[i]?.type;
      if (type === undefined && other === undefined) return;
      if (type === undefined) this.#problems.push(`${where}<${name}>: unresolved`);
      else this.compare(`${where}<${name}>`, type, other);
    });
    this.#definition(where, a.def, b.def);
  }

  #definition(where: string, a: Lookup[number]["def"], b: Lookup[number]["def"]): void {
    if (a.tag === "composite" && b.tag === "composite") this.#fields(where, a.value, b.value);
    else if (a.tag === "variant" && b.tag === "variant") {
      this.#same(
        where,
        a.value.map(({ name, index }) => [name, index]),
        b.value.map(({ name, index }) => [name, index]),
      );
      a.value.forEach((variant, i) => {
        this.#fields(`${where}.${variant.name}`, variant.fields, b.value[i]?.fields ?? []);
      });
    } else if (a.tag === "array" && b.tag === "array") {
      this.#same(where, a.value.len, b.value.len);
      this.compare(where, a.value.type, b.value.type);
    } else if (a.tag === "tuple" && b.tag === "tuple") {
      this.#same(where, a.value.length, b.value.length);
      a.value.forEach((id, i) => {
        this.compare(`${where}.${i}`, id, (b.value as number[])[i]);
      });
    } else if ((a.tag === "sequence" || a.tag === "compact") && a.tag === b.tag) {
      this.compare(where, a.value, b.value);
    } else this.#same(where, a, b);
  }

  #fields(where: string, ours: readonly Field[], real: readonly Field[]): void {
    this.#same(
      `${where} fields`,
      ours.map(({ name, typeName }) => [name, typeName]),
      real.map(({ name, typeName }) => [name, typeName]),
    );
    ours.forEach(({ type }, i) => {
      this.compare(`${where}.${ours[i]?.name ?? i}`, type, real[i]?.type);
    });
  }

  #same(where: string, ours: unknown, real: unknown): void {
    if (JSON.stringify(ours) !== JSON.stringify(real))
      this.#problems.push(`${where}: ${JSON.stringify(ours)} is ${JSON.stringify(real)} in reality`);
  }
}

type Field = { name: string | undefined; type: number; typeName: string | undefined };
