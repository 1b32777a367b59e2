import { expect, test } from "vitest";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import { encodeInferReply } from "./infer-reply.ts";

const head = { model: "m", version: "1", id: undefined };
const y: Tensor = tensor("float32", [1, 2], Float32Array.of(0.5, -3));
const text = (body: Uint8Array) => Buffer.from(body).toString();

test("a reply in JSON has names, types, shapes and flat values, and the id of its request", () => {
  const { status, contentType, body, headers } = encodeInferReply({ ...head, id: '4 "2' }, [
    { name: "y", tensor: y, binary: false },
    { name: "wide", tensor: tensor("int64", [1], BigInt64Array.of(-9_007_199_254_740_993n)), binary: false },
    { name: "yes", tensor: tensor("bool", [2], Uint8Array.of(1, 0)), binary: false },
  ]);
  expect([status, contentType, headers]).toEqual([200, "application/json", undefined]);
  expect(text(body)).toBe(
    '{"model_name":"m","model_version":"1","id":"4 \\"2","outputs":[' +
      '{"name":"y","datatype":"FP32","shape":[1,2],"data":[0.5,-3]},' +
      '{"name":"wide","datatype":"INT64","shape":[1],"data":[-9007199254740993]},' +
      '{"name":"yes","datatype":"BOOL","shape":[2],"data":[true,false]}]}',
  );
});

test("a binary reply has its values behind the JSON, the first of them aligned", () => {
  const bytes = tensor("uint8", [3], Uint8Array.of(7, 8, 9));
  for (const name of ["y", "yy", "yyy", "ÿ"]) {
    const { contentType, headers, body } = encodeInferReply(head, [
      { name, tensor: y, binary: true },
      { name: "json", tensor: y, binary: false },
      { name: "bytes", tensor: bytes, binary: true },
    ]);
    const length = Number(headers!["inference-header-content-length"]);
    expect([contentType, length % 8]).toEqual(["application/octet-stream", 0]);
    expect(JSON.parse(text(body.subarray(0, length))).outputs).toEqual([
      { name, datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: "json", datatype: "FP32", shape: [1, 2], data: [0.5, -3] },
      { name: "bytes", datatype: "UINT8", shape: [3], parameters: { binary_data_size: 3 } },
    ]);
    expect(Buffer.from(body.subarray(length)).toString("hex")).toBe("0000003f000040c0070809");
  }
});

test.each([
  ["a value that is not finite", tensor("float32", [1], Float32Array.of(Number.NaN))],
  ["FP16", tensor("float16", [1], Uint16Array.of(0))],
  ["very many values", tensor("uint8", [16_385], new Uint8Array(16_385))],
])("%s is said in binary only", (_what, tensor) => {
  const reply = (binary: boolean) => encodeInferReply(head, [{ name: "y", tensor, binary }]);
  expect(() => reply(false)).toThrow(expect.objectContaining({ code: "OIP_INVALID" }));
  expect(reply(true).status).toBe(200);
});
