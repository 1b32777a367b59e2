import type { Random } from "../../shared/rules/beacon.ts";
import type { Message } from "./golden-messages.ts";

/** Values that parsers and arithmetic trip over. */
const STRANGE: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    -0,
    0.5,
    1e308,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 64,
    "",
    "0x",
    "0x0",
    "0xzz",
    "-1",
    "NaN",
  ],
  ...[
    "\u0000",
    "__proto__",
    "constructor",
    "𝕏",
    "a".repeat(5000),
    `0x${"00".repeat(5000)}`,
    `0x${"ff".repeat(64)}`,
  ],
  ...[[], {}, [[]], [null], { __proto__: 1 }, { count: {} }, { length: 1e9 }, [0, [1, [2, [3]]]]],
];
const MAX_DEPTH = 20_000;

/** One message as bytes: most of them broken in one to three places, some left as they are. */
export function mutate(golden: Message, other: Message, random: Random): Buffer {
  if (random.below(20) === 0) return Buffer.from(JSON.stringify(golden));
  let message: unknown = structuredClone(golden);
  for (let times = random.below(3); times >= 0; times--) {
    message = pick(VALUES, random)(message as Message, other, random);
  }
  const text = JSON.stringify(message) ?? "";
  return random.below(2) === 0 ? Buffer.from(text) : pick(TEXTS, random)(Buffer.from(text), random);
}

type ValueMutation = (message: Message, other: Message, random: Random) => unknown;
type TextMutation = (text: Buffer, random: Random) => Buffer;

const VALUES: readonly ValueMutation[] = [
  (message, _, random) => replaced(message, random, () => pick(STRANGE, random)),
  (message, _, random) => replaced(message, random, (value) => hexMutation(value, random)),
  (message, _, random) => replaced(message, random, (value) => hexMutation(value, random)),
  (message, other, random) => replaced(message, random, () => leafOf(other.params, random)),
  (message, other) => ({ ...message, params: other.params }),
  (message, other) => ({ ...message, method: other.method }),
  (message, other) => [message, other],
  (message, _, random) => ({ ...message, id: pick(STRANGE, random) }),
  (message, _, random) => ({ ...message, params: pick(STRANGE, random) }),
  (message, _, random) => ({ ...message, params: Array.from({ length: random.below(3000) }, () => 0) }),
  ({ id: _, ...notification }) => notification,
];

const TEXTS: readonly TextMutation[] = [
  (text, random) => flipped(text, random),
  (text, random) => text.subarray(0, random.below(text.length + 1)),
  (text, random) => {
    const at = random.below(text.length + 1);
    return Buffer.concat([text.subarray(0, at), text.subarray(random.below(text.length + 1))]);
  },
  (text, random) => {
    const depth = 1 + random.below(MAX_DEPTH);
    return Buffer.concat([
      Buffer.from("[".repeat(depth)),
      text,
      Buffer.from("]".repeat(depth - random.below(2))),
    ]);
  },
  (text) => Buffer.from(text.toString().replace(/"params":/, `"params":[],"params":`)),
  (text, random) => {
    const at = random.below(text.length + 1);
    return Buffer.concat([text.subarray(0, at), Buffer.from([0xff, 0xc0, 0x80]), text.subarray(at)]);
  },
  (text) => Buffer.from(text.toString().replace(/\d+/, "1".repeat(400))),
];

/** SCALE as hex: flip, cut, lengthen, or write another length in front. */
function hexMutation(value: unknown, random: Random): unknown {
  if (typeof value !== "string" || !/^0x([0-9a-f]{2})+$/.test(value)) return value;
  const bytes = Buffer.from(value.slice(2), "hex");
  const prefix = [[0xff, 0xff, 0xff, 0xff], [0x03, 0xff, 0xff, 0xff, 0x7f], [0xfe, 0xff, 0xff, 0x3f], [0x00]];
  const at = random.below(bytes.length);
  const changed = [
    () => flipped(bytes, random),
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes, bytes.subarray(at)]),
    () => Buffer.concat([Buffer.from(pick(prefix, random)), bytes]),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(prefix, random)), bytes.subarray(at)]),
  ];
  return `0x${pick(changed, random)().toString("hex")}`;
}

export function flipped(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let times = random.below(4); times >= 0 && copy.length > 0; times--) {
    copy[random.below(copy.length)]! ^= 1 << random.below(8);
  }
  return copy;
}

/** A copy in which one value somewhere below is another one. */
function replaced(value: unknown, random: Random, change: (value: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return change(value);
  const keys = Object.keys(value);
  const key = keys.includes("params") && random.below(5) > 0 ? "params" : pick(keys, random);
  const part = replaced((value as Record<string, unknown>)[key], random, change);
  if (Array.isArray(value)) return value.map((element, i) => (String(i) === key ? part : element));
  return { ...value, [key]: part };
}

function leafOf(value: unknown, random: Random): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  return leafOf(pick(value, random), random);
}

export function pick<T>(values: readonly T[], random: Random): T {
  return values[random.below(values.length)]!;
}
