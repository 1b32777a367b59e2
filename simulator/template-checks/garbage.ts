import type { Random } from "../../shared/rules/beacon.ts";
import type { Message, MessageValue } from "../../shared/template.ts";
import { isTensor, type Tensor, tensor } from "../../shared/tensor.ts";

/** Text a stranger may send: nothing, markup, names of every object, other alphabets, a zero byte. */
const TEXTS = [
  "",
  "<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "☃ ñ 漢",
  "\u0000",
  "1e999",
  "NaN",
];
const NUMBERS = [
  ...[0, -0, 1, -1, 0.5, 1e-320, 3e38, -3e38, 1e308, 2 ** 53, Number.MAX_VALUE],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];
/** float32 that no honest model says. */
const WRONG_VALUES = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  3e38,
  -3e38,
  -1,
  0,
  1e-45,
];
const MAX_DEPTH = 3;

/** An answer that is none, as a stranger or a broken program would send it. `honest`: one in the right form. */
export function garbageFrom(random: Random, honest: Message): Message | undefined {
  const kinds = [
    () => undefined, // silence, and what comes too late
    () => ({}),
    () => anything(random, 0) as Message,
    () => mapLeaves(honest, () => anything(random, 1)),
    () => mapTensors(honest, (leaf) => filled(leaf, pick(random, WRONG_VALUES))),
    () => mapTensors(honest, (leaf) => noise(leaf, random)),
    () => mapTensors(honest, (leaf) => oneWrong(leaf, random)),
    () => mapTensors(honest, (leaf) => otherForm(leaf, random)),
    () => honest, // another task's, and many times the same
    () => mapTensors(honest, (leaf) => shuffled(leaf, random)),
    () => without(honest, random),
    () => ({ ...renamed(honest) }),
  ];
  return pick(random, kinds)();
}

/** Any value that JSON with tensors can carry, and some that it cannot. */
function anything(random: Random, depth: number): MessageValue {
  const leaf: (() => MessageValue)[] = [
    () => null,
    () => random.below(2) === 1,
    () => pick(random, NUMBERS),
    () => pick(random, TEXTS),
    () => "x".repeat(random.below(4_096)),
    () => ({ dtype: "float32", shape: [random.below(5)], data: new Float32Array(random.below(5)) }),
    () => tensor("int64", [1], BigInt64Array.of(-1n)),
  ];
  const nested: (() => MessageValue)[] = [
    () => Array.from({ length: random.below(4) }, () => anything(random, depth + 1)),
    () =>
      Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [pick(random, TEXTS), anything(random, depth + 1)]),
      ),
  ];
  return pick(random, depth === 0 ? nested.slice(1) : depth < MAX_DEPTH ? [...leaf, ...nested] : leaf)();
}

function filled({ shape, data }: Tensor, value: number): Tensor {
  return tensor("float32", shape, new Float32Array(data.length).fill(value));
}

/** Numbers of any size and sign: in no way what was asked. */
function noise({ shape, data }: Tensor, random: Random): Tensor {
  const scale = 10 ** (random.below(12) - 3);
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: data.length }, () => -scale * random.uniform()),
  );
}

/** The rows of an answer to another question, in another order. */
function shuffled({ dtype, shape, data }: Tensor, random: Random): Tensor {
  const rows = shape[0] ?? 1;
  const width = rows > 0 ? data.length / rows : 0;
  const from = data as Float32Array;
  const copy = from.slice();
  random.shuffle(rows).forEach((row, to) => {
    copy.set(from.subarray(row * width, (row + 1) * width), to * width);
  });
  return { dtype, shape, data: copy };
}

/** One value among others that is no number. */
function oneWrong(leaf: Tensor, random: Random): Tensor {
  const { shape, data } = noise(leaf, random);
  if (data.length > 0) data[random.below(data.length)] = Number.NaN;
  return tensor("float32", shape, data as Float32Array<ArrayBuffer>);
}

function otherForm(leaf: Tensor, random: Random): MessageValue {
  const { shape, data } = leaf;
  const { length } = data;
  const forms: (() => MessageValue)[] = [
    () => ({ dtype: "float32", shape: [length + 1], data: new Float32Array(length) }), // says more than it has
    () => tensor("float32", [length, 1, 1, 1], new Float32Array(length)),
    () => tensor("int32", shape, new Int32Array(length)),
    () => tensor("float32", [0], new Float32Array(0)),
    () => tensor("float32", [2 * length + 2], new Float32Array(2 * length + 2)),
    () => Array.from(data, Number),
    () => ({ dtype: "float99", shape: [...shape], data: [] }),
    () => ({ dtype: "float32", shape: [-1, length], data: [] }),
  ];
  return pick(random, forms)();
}

function without(honest: Message, random: Random): Message {
  const keys = Object.keys(honest);
  const gone = keys[random.below(Math.max(1, keys.length))];
  return Object.fromEntries(Object.entries(honest).filter(([key]) => key !== gone));
}

function renamed(honest: Message): Message {
  return Object.fromEntries(Object.entries(honest).map(([key, value]) => [`${key}_`, value]));
}

function mapLeaves(honest: Message, change: () => MessageValue): Message {
  return Object.fromEntries(Object.keys(honest).map((key) => [key, change()]));
}

/** A message without tensors gets its leaves changed to numbers that are none. */
function mapTensors(honest: Message, change: (leaf: Tensor) => MessageValue): Message {
  return Object.fromEntries(
    Object.entries(honest).map(([key, value]) => [key, isTensor(value) ? change(value) : Number.NaN]),
  );
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)]!;
}
