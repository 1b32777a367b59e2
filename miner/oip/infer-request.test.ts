import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSubforgeError } from "../../shared/errors.ts";
import { bytesPerElement, type Dtype, elementCount, isDtype, tensor } from "../../shared/tensor.ts";
import { datatypeOf } from "./datatypes.ts";
import { MAX_JSON_BYTES, parseInferRequest } from "./infer-request.ts";

type Input = Record<string, unknown>;

/** A body and the header that belongs to it. */
function request(json: unknown, ...binary: Uint8Array[]) {
  const text = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
  const headers = binary.length > 0 ? { "inference-header-content-length": String(text.length) } : {};
  return { body: Uint8Array.from(Buffer.concat([text, ...binary])), headers };
}

function parse(json: unknown, ...binary: Uint8Array[]) {
  const { body, headers } = request(json, ...binary);
  return parseInferRequest(body, headers);
}

const x = (more: Input = {}): Input => ({
  name: "x",
  datatype: "FP32",
  shape: [1, 2],
  data: [1, 2],
  ...more,
});
const binaryX = (more: Input = {}): Input => {
  const { data: _none, ...rest } = x({ parameters: { binary_data_size: 8 }, ...more });
  return rest;
};
const eight = () => new Uint8Array(8);

/** What is wrong with it; undefined when nothing is. */
function problemOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (isSubforgeError(error, "OIP_INVALID")) return error.details.problem;
    throw error;
  }
}

describe("an inference request", () => {
  test.each([
    ["flat", [1, 2, 3, 4]],
    [
      "nested as its shape",
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("may have its values in JSON, %s", (_how, data) => {
    const { feeds } = parse({ inputs: [x({ shape: [2, 2], data })] });
    expect(feeds).toEqual({ x: tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)) });
  });

  test.each([
    ["BOOL", [true, false], tensor("bool", [2], Uint8Array.of(1, 0))],
    ["UINT8", [0, 255], tensor("uint8", [2], Uint8Array.of(0, 255))],
    ["UINT16", [0, 65_535], tensor("uint16", [2], Uint16Array.of(0, 65_535))],
    ["UINT32", [0, 2 ** 32 - 1], tensor("uint32", [2], Uint32Array.of(0, 2 ** 32 - 1))],
    [
      "UINT64",
      [0, 9_007_199_254_740_991],
      tensor("uint64", [2], BigUint64Array.of(0n, 9_007_199_254_740_991n)),
    ],
    ["INT8", [-128, 127], tensor("int8", [2], Int8Array.of(-128, 127))],
    ["INT16", [-32_768, 1], tensor("int16", [2], Int16Array.of(-32_768, 1))],
    ["INT32", [-(2 ** 31), 1], tensor("int32", [2], Int32Array.of(-(2 ** 31), 1))],
    [
      "INT64",
      [-1, 9_007_199_254_740_991],
      tensor("int64", [2], BigInt64Array.of(-1n, 9_007_199_254_740_991n)),
    ],
    ["FP32", [0.5, -1e9], tensor("float32", [2], Float32Array.of(0.5, -1e9))],
    ["FP64", [0.1, 1e300], tensor("float64", [2], Float64Array.of(0.1, 1e300))],
  ])("carries %s in JSON", (datatype, data, expected) => {
    expect(parse({ inputs: [x({ datatype, shape: [2], data })] }).feeds.x).toEqual(expected);
  });

  test("may have its values behind the JSON, in the order of the inputs, beside inputs in JSON", () => {
    const values = Float32Array.of(1.5, -2);
    const { feeds } = parse(
      {
        inputs: [
          binaryX(),
          x({ name: "n", data: [3, 4] }),
          binaryX({ name: "y", datatype: "INT64", shape: [1] }),
        ],
      },
      new Uint8Array(values.buffer),
      new Uint8Array(BigInt64Array.of(-7n).buffer),
    );
    expect(feeds).toEqual({
      x: tensor("float32", [1, 2], values),
      n: tensor("float32", [1, 2], Float32Array.of(3, 4)),
      y: tensor("int64", [1], BigInt64Array.of(-7n)),
    });
  });

  test("keeps its values when other bytes are put where it was", () => {
    const { body, headers } = request({ inputs: [binaryX()] }, new Uint8Array(Float32Array.of(1, 2).buffer));
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const memory = new Uint8Array(body.length + at); // aligned for once
      memory.set(body, at);
      const { feeds } = parseInferRequest(memory.subarray(at), headers);
      memory.fill(0xff);
      expect(feeds).toEqual({ x: tensor("float32", [1, 2], Float32Array.of(1, 2)) });
    }
  });

  test("says which outputs it wants, and how", () => {
    const outputs = [{ name: "a", parameters: { binary_data: false } }, { name: "b" }];
    const parameters = { binary_data_output: true, timeout: 5, priority: 1, own: "word" };
    expect(parse({ id: "42", inputs: [x()], outputs, parameters })).toMatchObject({
      id: "42",
      outputs: [
        { name: "a", binary: false },
        { name: "b", binary: true },
      ],
    });
    expect(parse({ inputs: [x()] })).toMatchObject({ id: undefined, outputs: undefined, binary: false });
  });

  test("may have members of other servers that change nothing", () => {
    expect(Object.keys(parse({ model_name: "m", inputs: [x()] }).feeds)).toEqual(["x"]);
  });

  const numbers = (count: number) => Array.from({ length: count }, () => 1);
  test.each<[string, unknown, RegExp, Uint8Array[]?]>([
    ["that is no JSON", "{", /not JSON/],
    ["that is a list", [], /no object/],
    ["without inputs", {}, /inputs/],
    ["with an empty list of inputs", { inputs: [] }, /inputs/],
    [
      "with more inputs than any model has",
      { inputs: numbers(257).map((_, i) => x({ name: `x${i}` })) },
      /inputs/,
    ],
    ["with an input that is a word", { inputs: ["x"] }, /inputs/],
    ["with an empty list of outputs", { inputs: [x()], outputs: [] }, /outputs/],
    ["with a number as id", { id: 7, inputs: [x()] }, /id/],
    ["with an input without a name", { inputs: [x({ name: "" })] }, /name/],
    [
      "with an input named __proto__",
      '{"inputs":[{"name":"__proto__","datatype":"FP32","shape":[1],"data":[1]}]}',
      /name/,
    ],
    ["with the same input twice", { inputs: [x(), x()] }, /twice/],
    ["with the same output twice", { inputs: [x()], outputs: [{ name: "y" }, { name: "y" }] }, /twice/],
    ["of strings", { inputs: [x({ datatype: "BYTES", data: ["a", "b"] })] }, /BYTES is not served/],
    ["of an unknown type", { inputs: [x({ datatype: "BF16" })] }, /datatype/],
    ["of a type in lower case", { inputs: [x({ datatype: "fp32" })] }, /datatype/],
    ["of FP16 in JSON", { inputs: [x({ datatype: "FP16" })] }, /binary/],
    ["without a shape", { inputs: [x({ shape: undefined })] }, /shape/],
    ["with a negative dimension", { inputs: [x({ shape: [-1, 2] })] }, /shape/],
    ["with two negative dimensions whose product fits", { inputs: [x({ shape: [-1, -2] })] }, /shape/],
    ["with an empty dimension", { inputs: [x({ shape: [0, 2], data: [] })] }, /shape/],
    ["with half a row", { inputs: [x({ shape: [0.5, 4] })] }, /shape/],
    ["with a dimension in words", { inputs: [x({ shape: ["1", 2] })] }, /shape/],
    ["with 17 dimensions", { inputs: [x({ shape: numbers(17), data: [1] })] }, /shape/],
    [
      "whose dimensions overflow",
      { inputs: [binaryX({ shape: [2 ** 31, 2 ** 31, 4] })] },
      /impossible/,
      [eight()],
    ],
    ["whose dimensions overflow in bytes", { inputs: [binaryX({ shape: [2 ** 52] })] }, /needs/, [eight()]],
    ["with too few values", { inputs: [x({ data: [1] })] }, /fill/],
    ["with too many values", { inputs: [x({ data: [1, 2, 3] })] }, /fill/],
    ["nested in another shape", { inputs: [x({ data: [[1], [2]] })] }, /nested/],
    ["nested too deep", { inputs: [x({ shape: [2], data: [[1], [2]] })] }, /nested|no FP32/],
    ["of ragged lists", { inputs: [x({ shape: [2, 2], data: [[1, 2], [3]] })] }, /nested/],
    ["of words", { inputs: [x({ data: ["1", "2"] })] }, /no FP32/],
    ["of nothing", { inputs: [x({ data: [null, 1] })] }, /no FP32/],
    [
      "of a number that is infinite",
      '{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1e999]}]}',
      /no FP64/,
    ],
    ["of a number too large for its type", { inputs: [x({ data: [1e39, 1] })] }, /no FP32/],
    ["of a fraction as an integer", { inputs: [x({ datatype: "INT32", data: [0.5, 1] })] }, /no INT32/],
    ["of an integer out of range", { inputs: [x({ datatype: "UINT8", data: [256, 1] })] }, /no UINT8/],
    [
      "of an integer that JSON rounds",
      '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}',
      /no INT64/,
    ],
    ["with data that is no list", { inputs: [x({ data: "AAAA" })] }, /no list/],
    ["with neither data nor a size", { inputs: [x({ data: undefined })] }, /either/],
    [
      "with both data and a size",
      { inputs: [x({ parameters: { binary_data_size: 8 } })] },
      /either/,
      [eight()],
    ],
    ["with so many values in JSON", { inputs: [x({ shape: [16_385], data: numbers(16_385) })] }, /binary/],
    [
      "with so many values in JSON altogether",
      { inputs: ["a", "b"].map((name) => x({ name, shape: [9_000], data: numbers(9_000) })) },
      /binary/,
    ],
    ["with so much JSON", `{"id":"","inputs":[${" ".repeat(MAX_JSON_BYTES)}]}`, /binary/],
    [
      "with a size that is too small",
      { inputs: [binaryX({ parameters: { binary_data_size: 4 } })] },
      /needs 8/,
      [eight()],
    ],
    [
      "with a size beyond the body",
      { inputs: [binaryX({ parameters: { binary_data_size: 16 } })] },
      /beyond/,
      [eight()],
    ],
    [
      "with a negative size",
      { inputs: [binaryX({ parameters: { binary_data_size: -8 } })] },
      /no number/,
      [eight()],
    ],
    ["with bytes that belong to nothing", { inputs: [binaryX()] }, /longer/, [eight(), eight()]],
    [
      "with a boolean that is 2",
      { inputs: [binaryX({ datatype: "BOOL", shape: [8] })] },
      /BOOL/,
      [new Uint8Array(8).fill(2)],
    ],
    ["of shared memory", { inputs: [binaryX({ parameters: { shared_memory_region: "r" } })] }, /not served/],
    ["of a sequence", { inputs: [x()], parameters: { sequence_id: 1 } }, /not served/],
    [
      "for a classification",
      { inputs: [x()], outputs: [{ name: "y", parameters: { classification: 3 } }] },
      /not served/,
    ],
    ["with parameters in a list", { inputs: [x()], parameters: [] }, /parameters/],
    ["with a parameter that is an object", { inputs: [x()], parameters: { a: {} } }, /plain/],
    [
      "with a word where true or false belongs",
      { inputs: [x()], parameters: { binary_data_output: "yes" } },
      /neither/,
    ],
  ])("is refused %s", (_what, json, problem, binary = []) => {
    expect(problemOf(() => parse(json, ...binary))).toMatch(problem);
  });

  test.each([
    ["beyond the body", "9999"],
    ["that is none", "0x10"],
    ["with a sign", "+10"],
    ["that is a fraction", "1.5"],
    ["of a raw request", "0"],
    ["that cuts the JSON", "10"],
  ])("is refused with a header length %s", (_what, length) => {
    const { body } = request({ inputs: [binaryX()] }, eight());
    expect(
      problemOf(() => parseInferRequest(body, { "inference-header-content-length": length })),
    ).toBeDefined();
  });

  test("is refused with two header lengths, or with another one than fits: an unsigned header can change nothing", () => {
    const { body, headers } = request({ inputs: [binaryX()] }, new Uint8Array(8).fill(32)); // blanks, as JSON may have
    const length = Number(headers["inference-header-content-length"]);
    expect(problemOf(() => parseInferRequest(body, headers))).toBeUndefined();
    for (let other = 0; other <= body.length; other += 1) {
      if (other === length) continue;
      const changed = { "inference-header-content-length": String(other) };
      expect(problemOf(() => parseInferRequest(body, changed))).toBeDefined();
    }
    const twice = { "inference-header-content-length": [String(length), String(length)] };
    expect(problemOf(() => parseInferRequest(body, twice))).toBeDefined();
    expect(problemOf(() => parseInferRequest(body, {}))).toBeDefined();
  });

  test("repeats a stranger's words only cut and quoted", () => {
    const problem = problemOf(() =>
      parse({ inputs: [x({ name: `\u001b[31m${"a".repeat(200)}`, data: [] })] }),
    );
    expect(problem).toContain("\\u001b");
    expect(problem!.length).toBeLessThan(200);
  });
});

describe("whatever arrives", () => {
  const anyShape = fc.array(fc.oneof(fc.integer({ min: -3, max: 5 }), fc.maxSafeInteger(), fc.double()), {
    maxLength: 18,
  });
  const anyInput = fc.record(
    {
      name: fc.oneof(fc.constantFrom("x", "__proto__", "constructor", ""), fc.string()),
      datatype: fc.oneof(
        fc.constantFrom("FP32", "INT64", "BOOL", "UINT8", "FP16", "BYTES", "toString"),
        fc.jsonValue(),
      ),
      shape: fc.oneof(anyShape, fc.jsonValue()),
      data: fc.oneof(fc.array(fc.oneof(fc.double(), fc.integer())), fc.jsonValue()),
      parameters: fc.oneof(
        fc.record({
          binary_data_size: fc.oneof(fc.integer({ min: -1, max: 40 }), fc.maxSafeInteger(), fc.jsonValue()),
        }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );

  test("it is feeds whose values fill their shapes, or it is refused", () => {
    const length = fc.oneof(
      fc.constant(undefined),
      fc.constant("own"),
      fc.integer({ min: -1, max: 400 }).map(String),
    );
    const bodies = fc.tuple(
      fc.oneof(fc.record({ inputs: fc.array(anyInput, { maxLength: 3 }) }), fc.jsonValue()),
      fc.uint8Array({ maxLength: 64 }),
      length,
    );
    fc.assert(
      fc.property(bodies, ([json, binary, header]) => {
        const { body, headers } = request(json, binary);
        const sent = header === "own" ? headers : { "inference-header-content-length": header };
        let feeds: ReturnType<typeof parseInferRequest>["feeds"];
        try {
          feeds = parseInferRequest(body, sent).feeds;
        } catch (error) {
          if (isSubforgeError(error, "OIP_INVALID")) return;
          throw error;
        }
        expect(Object.getPrototypeOf(feeds)).toBe(Object.prototype);
        for (const { dtype, shape, data } of Object.values(feeds)) {
          expect(isDtype(dtype)).toBe(true);
          expect(elementCount(shape)).toBe(data.length);
          expect(data.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("a well-formed binary input of any type and shape is taken bit by bit", () => {
    const dtypes: Dtype[] = [
      "uint8",
      "uint16",
      "uint32",
      "uint64",
      "int8",
      "int16",
      "int32",
      "int64",
      "float16",
      "float32",
      "float64",
    ];
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        shapes,
        fc.infiniteStream(fc.nat(255)),
        (dtype, shape, stream) => {
          const size = elementCount(shape) * bytesPerElement(dtype);
          const bytes = Uint8Array.from(stream.take(size));
          const input = binaryX({
            datatype: datatypeOf(dtype),
            shape,
            parameters: { binary_data_size: size },
          });
          const { data } = parse({ inputs: [input] }, bytes).feeds.x!;
          expect(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).toEqual(bytes);
        },
      ),
      { numRuns: 200 },
    );
  });
});
