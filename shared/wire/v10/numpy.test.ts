import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesPerElement, elementCount, type Tensor, tensorBytes, tensorFromBytes } from "../../tensor.ts";
import { readWireVectors, wireVectorsAbsent } from "../vectors.test-kit.ts";
import { fromMessageValue, readField, toMessageValue } from "./fields.ts";
import { decodeNumpy, encodeNumpy, NUMPY_TYPES, type NumpyDtype } from "./numpy.ts";
import { parsePythonJson, printPythonJson } from "./python-json.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const read = (json: string) =>
  toMessageValue("tensor", readField("tensor", parsePythonJson(Buffer.from(json)))) as Tensor;
const invalid = expect.objectContaining({ code: expect.stringMatching(/^(TENSOR|MESSAGE)_INVALID$/) });

describe.skipIf(wireVectorsAbsent)(`tensors of v10 against their vectors${wireVectorsAbsent}`, () => {
  test("every array is read and written byte by byte", () => {
    const { cases } = readWireVectors("tensor.json");
    expect(cases.length).toBeGreaterThan(12);
    for (const { label, dtype, msgpack_hex, data_hex, inner_shape, model_json, round_trip_shape } of cases) {
      const array = decodeNumpy(hex(msgpack_hex));
      expect(array, label).toMatchObject({ dtype, shape: inner_shape });
      expect(Buffer.from(tensorBytes(array)).toString("hex"), label).toBe(data_hex);
      expect(Buffer.from(encodeNumpy(array)).toString("hex"), label).toBe(msgpack_hex);
      const tensor = read(model_json);
      expect(tensor.shape, label).toEqual(round_trip_shape);
      expect(JSON.parse(printPythonJson(fromMessageValue("tensor", tensor))), label).toEqual(
        JSON.parse(model_json),
      );
    }
  });
});

describe("a tensor of v10", () => {
  const shapes = fc.array(fc.nat(5), { maxLength: 4 });
  const tensors = fc
    .tuple(fc.constantFrom(...(Object.keys(NUMPY_TYPES) as NumpyDtype[])), shapes)
    .chain(([dtype, shape]) => {
      const length = elementCount(shape) * bytesPerElement(dtype);
      const bytes = fc.uint8Array({ minLength: length, maxLength: length });
      return bytes.map((data) => tensorFromBytes(dtype, shape, data));
    });

  test("comes back the same, whatever its type, shape and bits", () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        const back = decodeNumpy(encodeNumpy(tensor));
        expect(back).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
        expect(tensorBytes(back)).toEqual(tensorBytes(tensor));
      }),
      { numRuns: 300 },
    );
  });

  test("with any byte changed, cut off or added is another tensor or refused by name", () => {
    const whole = encodeNumpy({ dtype: "int32", shape: [2, 150], data: new Int32Array(300) });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(whole);
        changed[at]! ^= change;
        for (const bytes of [changed, whole.subarray(0, at), Buffer.concat([whole, Buffer.of(change)])]) {
          try {
            decodeNumpy(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: "TENSOR_INVALID" });
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("may have its keys as texts, in any order", () => {
    const parts = [
      `a4${"64617461"}c404${"0000803f"}`, // data
      `a2${"6e64"}c3`, // nd
      `a5${"7368617065"}9101`, // shape
      `a4${"6b696e64"}a0`, // kind
      `a4${"74797065"}c403${"3c6634"}`, // type, as bytes
    ];
    expect(decodeNumpy(hex(`85${parts.join("")}`))).toEqual({
      ...{ dtype: "float32", shape: [1], data: Float32Array.of(1) },
    });
  });

  const buffer = Buffer.from(
    encodeNumpy({ dtype: "float32", shape: [2], data: Float32Array.of(1, 2) }),
  ).toString("base64");
  const tensor = (change: object) => JSON.stringify({ buffer, dtype: "float32", shape: [2], ...change });
  const kindO = Buffer.from(buffer, "base64").toString("hex").replace("6b696e64c400", "6b696e64c4014f");

  test.each([
    ["holds Python objects", { buffer: Buffer.from(kindO, "hex").toString("base64") }],
    ["is no base64", { buffer: `${buffer}!` }],
    ["has another dtype than its bytes", { dtype: "int32" }],
    ["has a dtype that nobody knows", { dtype: "object" }],
    ["has a shape that its values do not fill", { shape: [3] }],
    ["has a shape that is impossible", { shape: [-2] }],
    ["has a text for a shape", { shape: "[2]" }],
    ["has no buffer", { buffer: null }],
    ["holds what is no number", { buffer: nanBuffer(), shape: [1] }],
  ])("that %s is refused", (_what, change) => {
    expect(() => read(tensor(change))).toThrowError(invalid);
  });

  test("of a torch peer is the same tensor", () => {
    expect(read(tensor({ dtype: "torch.float32" }))).toEqual(read(tensor({})));
  });

  test("of a dtype that v10 does not have is not sent", () => {
    const data = Uint16Array.of(1);
    expect(() => encodeNumpy({ dtype: "uint16", shape: [1], data })).toThrowError(invalid);
  });
});

function nanBuffer(): string {
  const nan = encodeNumpy({ dtype: "float32", shape: [1], data: Float32Array.of(Number.NaN) });
  return Buffer.from(nan).toString("base64");
}
