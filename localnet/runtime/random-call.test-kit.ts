import type { FieldShape, TypeNode } from "../types/type-node.ts";
import type { Account, RuntimeCall } from "./dsl/context.ts";
import type { Pallet } from "./dsl/pallet.ts";

/** Calls inside calls, and lists inside lists, no deeper than this. */
const MAX_DEPTH = 4;

/** A whole number, 0 and up, below `below`. Equal seeds give equal rows. */
export type Rng = (below: number) => number;

/** Mulberry32: small, seeded, good enough to vary test data. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Any call of any pallet, with arguments made from their types: small numbers and known accounts most of the time. */
export function randomCall(pallets: readonly Pallet[], accounts: readonly Account[], rng: Rng): RuntimeCall {
  const all = pallets.flatMap((pallet) =>
    Object.entries(pallet.calls ?? {}).map((call) => ({ pallet, call })),
  );
  const { pallet, call } = pick(all, rng);
  const [name, { args }] = call;
  const value = Object.fromEntries(
    Object.entries(args).map(([field, node]) => [field, randomValue(node, { accounts, rng, depth: 0 })]),
  );
  return { type: pallet.name, value: { type: name, value } };
}

type Making = { accounts: readonly Account[]; rng: Rng; depth: number };

function randomValue(node: TypeNode, making: Making): unknown {
  const { rng, depth } = making;
  const deeper = { ...making, depth: depth + 1 };
  const { shape } = node;
  switch (shape.kind) {
    case "primitive":
      if (shape.name === "bool") return rng(2) === 1;
      if (shape.name === "str") return "x".repeat(rng(5));
      return randomNumber(shape.name, rng);
    case "compact":
      return randomValue(shape.of, deeper);
    case "sequence": {
      const length = depth >= MAX_DEPTH ? 0 : rng(4);
      if (isByte(shape.of)) return Uint8Array.from({ length: rng(40) }, () => rng(256));
      return Array.from({ length }, () => randomValue(shape.of, deeper));
    }
    case "array":
      if (isByte(shape.of)) return randomHex(shape.length, making);
      return Array.from({ length: shape.length }, () => randomValue(shape.of, deeper));
    case "tuple":
      return shape.of.length === 0 ? undefined : shape.of.map((part) => randomValue(part, deeper));
    case "composite":
      return randomFields(shape.fields(), deeper);
    case "variant": {
      const variants = shape.variants();
      const simple = variants.filter(({ fields }) => fields.length === 0);
      const { name, fields } = pick(depth >= MAX_DEPTH && simple.length > 0 ? simple : variants, rng);
      const value = randomFields(fields, deeper);
      if (shape.path[0] === "Option") return value;
      return { type: name, value };
    }
  }
}

/** One unnamed field is its value, several are a tuple, named ones an object: as everywhere in the runtime. */
function randomFields(fields: readonly FieldShape[], making: Making): unknown {
  const values = fields.map(({ type }) => randomValue(type, making));
  if (fields.length === 0) return undefined;
  if (fields[0]!.name === undefined) return fields.length === 1 ? values[0] : values;
  return Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
}

function randomNumber(name: string, rng: Rng): number | bigint {
  const bits = Number(name.slice(1)) - (name.startsWith("i") ? 1 : 0);
  const size = rng(8) === 0 ? bits : Math.min(bits, 2 + rng(14));
  let value = 0n;
  for (let left = size; left > 0; left -= 16) value = (value << 16n) | BigInt(rng(2 ** Math.min(16, left)));
  return bits > 32 ? value : Number(value);
}

function randomHex(length: number, { accounts, rng }: Making): string {
  if (length === 32 && rng(8) > 0) return pick(accounts, rng);
  return `0x${Array.from({ length }, () => rng(256).toString(16).padStart(2, "0")).join("")}`;
}

function isByte({ shape }: TypeNode): boolean {
  return shape.kind === "primitive" && shape.name === "u8";
}

function pick<T>(all: readonly T[], rng: Rng): T {
  return all[rng(all.length)]!;
}
