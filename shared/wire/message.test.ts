import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSubforgeError } from "../errors.ts";
import type { Message } from "../template.ts";
import { isTensor, type Tensor, tensor } from "../tensor.ts";
import { decodeMessage, encodeJsonMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "./message.ts";

const LIMITS = { maxBytes: 1_000_000 };
const json = (text: string) => decodeMessage(Buffer.from(text), "application/json", LIMITS);
const frame = (bytes: Uint8Array) => decodeMessage(bytes, MESSAGE_CONTENT_TYPE, LIMITS);

const tensors: fc.Arbitrary<Tensor> = fc.oneof(
  fc
    .float32Array({ noNaN: true, noDefaultInfinity: true })
    .map((data) => tensor("float32", [data.length], data)),
  fc
    .float64Array({ noNaN: true, noDefaultInfinity: true })
    .map((data) => tensor("float64", [1, data.length], data)),
  fc.uint8Array().map((data) => tensor("uint8", [data.length, 1], data)),
  fc.bigInt64Array().map((data) => tensor("int64", [data.length], data)),
  fc.constant(tensor("bool", [2], Uint8Array.of(0, 1))),
  fc.constant(tensor("float16", [], Uint16Array.of(0x3c00))),
);

const messages: fc.Arbitrary<Message> = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,8}$/),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 2 }),
      tensors,
      fc.array(tie("value"), { maxLength: 4 }),
    ),
  })).value,
) as fc.Arbitrary<Message>;

describe("a message", () => {
  test("comes back from both forms as it was", () => {
    fc.assert(
      fc.property(messages, (message) => {
        fc.pre(isFaithfulJson(message));
        expect(frame(encodeMessage(message))).toEqual(message);
        expect(decodeMessage(encodeJsonMessage(message), "application/json; charset=utf-8", LIMITS)).toEqual(
          message,
        );
      }),
      { numRuns: 300 },
    );
  });

  test("lies in the frame so that its tensors are views, each at a multiple of 8", () => {
    const bytes = encodeMessage({
      a: tensor("uint8", [3], Uint8Array.of(1, 2, 3)),
      b: tensor("float64", [1], Float64Array.of(0.5)),
    });
    const { a, b } = frame(bytes) as { a: Tensor; b: Tensor };
    expect([a.data.buffer, b.data.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    expect([a.data.byteOffset % 8, b.data.byteOffset - a.data.byteOffset, bytes.length % 8]).toEqual([
      0, 8, 0,
    ]);
  });

  test.each([
    ["is no object", "[1]"],
    ["is a tensor itself", '{"dtype":"uint8","shape":[0],"data":""}'],
    ["is cut off", '{"a":'],
    ["holds a number beyond floating point", '{"a":1e999}'],
    ["sets a prototype", '{"__proto__":{"x":1}}'],
    ["sets a prototype further down", '{"a":[{"__proto__":1}]}'],
    ["has a very long key", JSON.stringify({ ["k".repeat(129)]: 1 })],
    ["is too deep", `{"a":${"[".repeat(16)}${"]".repeat(16)}}`],
    ["is absurdly deep", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    ["begins with a byte order mark", '\ufeff{"a":1}'],
    ["has a tensor of unknown dtype", '{"a":{"dtype":"float8","shape":[0],"data":""}}'],
    ["has a tensor that is too short", '{"a":{"dtype":"uint8","shape":[2],"data":"AA=="}}'],
    ["has a tensor in loose base64", '{"a":{"dtype":"uint8","shape":[1],"data":"A A=="}}'],
    [
      "has a tensor whose size overflows",
      '{"a":{"dtype":"uint8","shape":[4294967296,4294967296],"data":""}}',
    ],
    ["has a negative dimension", '{"a":{"dtype":"uint8","shape":[-1],"data":""}}'],
    ["has NaN in float32", '{"a":{"dtype":"float32","shape":[1],"data":"AADAfw=="}}'],
    ["has infinity in float16", '{"a":{"dtype":"float16","shape":[1],"data":"AHw="}}'],
    ["has 2 as a bool", '{"a":{"dtype":"bool","shape":[1],"data":"Ag=="}}'],
    ["has numbers where base64 belongs", '{"a":{"dtype":"uint8","shape":[1],"data":[1]}}'],
  ])("that %s is refused", (_what, text) => {
    expect(codeOf(() => json(text))).toBe("MESSAGE_INVALID");
  });

  test.each([
    ["a number that is not finite", { a: Number.NaN }],
    ["a tensor with infinity", { a: tensor("float32", [1], Float32Array.of(Number.POSITIVE_INFINITY)) }],
    ["an object that looks like a tensor", { a: { dtype: "uint8", shape: [1], data: "AA==" } }],
    ["an instance of a class", { a: new Date(0) as unknown as string }],
    ["a shape that is not filled", { a: { dtype: "uint8", shape: [2], data: Uint8Array.of(1) } as Tensor }],
  ])("is not sent with %s", (_what, message) => {
    expect(codeOf(() => encodeMessage(message as Message))).toBe("MESSAGE_INVALID");
  });

  test("is not sent with a float that is none at any place, and is with the largest at each", () => {
    const none = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const floats = fc.constantFrom("float32" as const, "float64" as const);
    fc.assert(
      fc.property(floats, fc.integer({ min: 1, max: 40 }), fc.nat(), none, (dtype, length, at, value) => {
        const data = dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
        data.fill(dtype === "float32" ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE);
        expect(frame(encodeMessage({ a: tensor(dtype, [length], data) }))).toBeDefined();
        data[at % length] = value;
        expect(codeOf(() => encodeMessage({ a: tensor(dtype, [length], data) }))).toBe("MESSAGE_INVALID");
      }),
    );
  });

  test("over the size limit or of another content type is refused", () => {
    const bytes = encodeMessage({ a: 1 });
    expect(codeOf(() => decodeMessage(bytes, MESSAGE_CONTENT_TYPE, { maxBytes: bytes.length - 1 }))).toBe(
      "MESSAGE_INVALID",
    );
    expect(codeOf(() => decodeMessage(bytes, "text/plain", LIMITS))).toBe("MESSAGE_INVALID");
  });

  test("that was tampered with is refused by code or is another valid message, never a crash", () => {
    const bytes = encodeMessage({
      q: "what",
      x: tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)),
      y: [1, true],
    });
    const edits = fc.array(fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(edits, fc.nat(bytes.length), fc.boolean(), (changes, length, cut) => {
        const changed = cut ? bytes.slice(0, length) : bytes.slice();
        for (const { at, to } of changes) if (at < changed.length) changed[at] = to;
        expect(["MESSAGE_INVALID", undefined]).toContain(codeOf(() => frame(changed)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("made of noise is refused by code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => frame(bytes))).toBe("MESSAGE_INVALID");
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(["MESSAGE_INVALID", undefined]).toContain(codeOf(() => json(`{"a":${text}}`)));
      }),
    );
  });
});

/** The error's code, undefined when nothing was thrown; fails the test for anything that has none. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isSubforgeError(error)) return error.code;
    throw error;
  }
}

/** JSON has no -0, and our messages no key that sets a prototype. */
function isFaithfulJson(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return !Object.is(value, -0);
  return (
    isTensor(value) || (!Object.hasOwn(value, "__proto__") && Object.values(value).every(isFaithfulJson))
  );
}
