import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { V10Type } from "../../v10-synapse.ts";
import { readWireVectors, wireVectorsAbsent } from "../vectors.test-kit.ts";
import { readField } from "./fields.ts";
import { parsePythonJson, printPythonJson } from "./python-json.ts";
import { pythonFloat, pythonStr } from "./python-str.ts";
import type { PythonValue } from "./python-value.ts";

const TYPES: Record<string, V10Type> = {
  ...{ str: "str", int: "int", bool: "bool", float: "float", none: "json", dict: "json" },
  "list[int]": { list: "int" },
  "list[float]": { list: "float" },
  "list[str]": { list: "str" },
  "list[any]": "json",
  "dict[str,float]": { dict: "float" },
  "list[list[int]]": { list: { list: "int" } },
};

const parse = (text: string) => parsePythonJson(Buffer.from(text));

describe.skipIf(wireVectorsAbsent)(`Python's texts against their vectors${wireVectorsAbsent}`, () => {
  test("every value is printed and hashed as Python does", () => {
    const { cases } = readWireVectors("python_str.json");
    expect(cases.length).toBeGreaterThan(40);
    for (const { type, json, python_str, sha3_256_of_str } of cases) {
      const text = pythonStr(readField(TYPES[type]!, parse(json)));
      expect(text, json).toBe(python_str);
      expect(createHash("sha3-256").update(text).digest("hex"), json).toBe(sha3_256_of_str);
    }
  });
});

describe("a value of Python", () => {
  const leaf = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.bigInt({ min: -(10n ** 39n), max: 10n ** 39n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary" }),
  );
  const { value } = fc.letrec<{ value: PythonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.string({ unit: "binary", maxLength: 20 }), tie("value")), { maxLength: 4 })
        .map((pairs) => new Map(pairs)),
    ),
  }));

  test("comes back the same from its JSON, whole numbers of any size and minus zero too", () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = printPythonJson(given);
        expect(text).toMatch(/^[ -~]*$/);
        expect(parse(text)).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  test("may be a whole number of 40 digits, with a sign or without", () => {
    const largest = 10n ** 40n - 1n;
    for (const whole of [largest, -largest]) expect(parse(printPythonJson(whole))).toBe(whole);
    for (const whole of [largest + 1n, -largest - 1n]) {
      expect(() => parse(printPythonJson(whole))).toThrow(/more than 40 digits/);
    }
  });

  test("is never printed over two lines, and never with a character that Python would escape", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
        const shown = pythonStr(texts);
        expect(shown.replaceAll(" ", "")).not.toMatch(/[\p{C}\p{Z}]/u);
        expect(unescaped(shown)).toEqual(texts);
      }),
      { numRuns: 500 },
    );
  });

  test("that is a float is printed in digits that give it back, in one of Python's two notations", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const text = pythonFloat(number);
        expect(text).toMatch(/^-?([0-9]+\.[0-9]+|[0-9](\.[0-9]+)?e[+-][0-9]{2,3})$/);
        expect(Object.is(Number(text), number)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  ["NaN", "NaN"],
  ["infinity", "[Infinity]"],
  ["a float beyond all", "1e999"],
  ["half a surrogate pair", '"\\ud800"'],
  ["33 levels", "[".repeat(33) + "]".repeat(33)],
  ["an int of 41 digits", "1".repeat(41)],
  ["a leading zero", "01"],
  ["a point without digits", "1."],
  ["a plus sign", "+1"],
  ["a comma at the end", "[1,]"],
  ["no value", ""],
  ["two values", "1 2"],
  ["a text without its end", '"a'],
  ["a line break in a text", '"a\nb"'],
  ["an unknown escape", '"\\x41"'],
  ["a key that is no text", "{1: 2}"],
  ["a comment", "[1] // one"],
])("JSON with %s is refused", (_what, text) => {
  expect(() => parse(text)).toThrowError(expect.objectContaining({ code: "MESSAGE_INVALID" }));
});

test("bytes of noise are refused or read, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        parsePythonJson(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: "MESSAGE_INVALID" });
      }
    }),
    { numRuns: 1_000 },
  );
});

/** What Python's reader of literals makes of a list of texts. */
function unescaped(list: string): string[] {
  const texts: string[] = [];
  for (const [, , inside] of list.matchAll(/(["'])((?:\\.|(?!\1)[^\\])*)\1/gsu)) {
    texts.push(
      inside!.replace(/\\(x..|u....|U........|.)/gsu, (_all, code: string) => {
        const named = { n: "\n", r: "\r", t: "\t" }[code];
        return named ?? (code.length === 1 ? code : String.fromCodePoint(Number.parseInt(code.slice(1), 16)));
      }),
    );
  }
  return texts;
}
