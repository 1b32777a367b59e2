import type { Random } from "../../shared/rules/beacon.ts";
import { flipped, pick } from "./mutate.ts";

/** A protobuf message as a tree, so that what is changed inside leaves the lengths around it right. */
type Field = { tag: number; value: number | Buffer | Field[] };

const MAX_DEPTH = 12;

const NUMBERS = [
  ...[0, 1, 2, 3, 6, 7, 8, 9, 11, 16, 20, 99, 127, 128, 255, 2 ** 16, 2 ** 20, 2 ** 28],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 2 ** 63],
];

const WORDS = [
  ...[
    "",
    "x",
    "y",
    "w",
    "Add",
    "Loop",
    "If",
    "Scan",
    "ConstantOfShape",
    "Expand",
    "Tile",
    "Range",
    "Reshape",
  ],
  ...["MatMul", "Gather", "Concat", "Resize", "Pad", "OneHot", "NonZero", "Identity", "EPContext", "evil"],
  ...[
    "com.microsoft",
    "ai.onnx.ml",
    "ai.onnx.training",
    "\u0000",
    "x".repeat(5_000),
    "__proto__",
    "location",
  ],
];

/** Most are broken in one to four places; some below their lengths, some in the bytes themselves. */
export function mutateModel(golden: Buffer, other: Buffer, paths: readonly string[], random: Random): Buffer {
  let tree = parse(golden, 0);
  if (!tree || random.below(4) === 0) return mutateBytes(golden, other, random);
  for (let times = random.below(4); times >= 0; times -= 1) tree = changed(tree, paths, random);
  const bytes = encode(tree);
  return random.below(8) === 0 ? mutateBytes(bytes, other, random) : bytes;
}

function mutateBytes(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  return pick(
    [
      () => flipped(bytes, random),
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length))]),
      () =>
        Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + random.below(12), 0xff), bytes.subarray(at)]),
      () => Buffer.concat([bytes, other]),
    ],
    random,
  )();
}

function changed(fields: Field[], paths: readonly string[], random: Random): Field[] {
  if (fields.length === 0) return fields;
  const at = random.below(fields.length);
  const field = fields[at]!;
  const replaced = (value: Field["value"]) => fields.map((one, i) => (i === at ? { ...one, value } : one));
  if (Array.isArray(field.value) && random.below(6) > 0) return replaced(changed(field.value, paths, random));
  return pick(
    [
      () => fields.filter((_, i) => i !== at),
      () => [...fields, field],
      () => [...fields.slice(0, at), ...Array<Field>(1 + random.below(200)).fill(field), ...fields.slice(at)],
      () => [...fields].reverse(),
      () => fields.map((one, i) => (i === at ? { ...one, tag: one.tag + 8 * random.below(3) } : one)),
      () => replaced(another(field.value, paths, random)),
      () => replaced(another(field.value, paths, random)),
      () => replaced(another(field.value, paths, random)),
    ],
    random,
  )();
}

function another(value: Field["value"], paths: readonly string[], random: Random): Field["value"] {
  if (typeof value === "number") return pick(NUMBERS, random);
  if (Array.isArray(value)) return [...value, ...value];
  // What may be the name of a file shall often be one that is not the model's.
  return Buffer.from(random.below(2) === 0 ? pick(paths, random) : pick(WORDS, random));
}

/** @returns undefined for bytes that are no message. */
function parse(bytes: Buffer, depth: number): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < 10; i += 1) {
      const byte = bytes[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (!(tag >= 8 && tag < 2 ** 12)) return undefined;
    if (tag % 8 === 0) {
      fields.push({ tag, value: varint() });
      continue;
    }
    const size = tag % 8 === 2 ? varint() : Number.NaN;
    if (!(size <= bytes.length - at)) return undefined;
    const inner = bytes.subarray(at, at + size);
    const isText = /^[\x20-\x7e]*$/.test(inner.toString("latin1"));
    const tree = depth < MAX_DEPTH && !isText ? parse(inner, depth + 1) : undefined;
    fields.push({ tag, value: tree ?? inner });
    at += size;
  }
  return fields.some(({ value }) => Number.isNaN(value)) ? undefined : fields;
}

function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ tag, value }) => {
      if (typeof value === "number") return [varintBytes(tag), varintBytes(value)];
      const body = Array.isArray(value) ? encode(value) : value;
      return [varintBytes(tag), varintBytes(body.length), body];
    }),
  );
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
