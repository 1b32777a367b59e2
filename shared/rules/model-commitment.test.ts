import { encode } from "cborg";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseModelCommitment, toModelCommitment } from "./model-commitment.ts";
import { isModelUri } from "./model-uri.ts";

const model = { sha256: "ab".repeat(32), size: 12_345, uri: "axon:" };

it("section 2.6: a model on the miner's axon takes a version, a kind and a map, and fits the smallest field", () => {
  const data = toModelCommitment(model);
  expect([...data.subarray(0, 2)]).toEqual([1, 2]);
  expect(data.length).toBeLessThanOrEqual(128);
  expect(parseModelCommitment(data)).toEqual(model);
});

it("section 2.6: the longest address still fits into 512 bytes", () => {
  const uri = `https://models.example/${"x".repeat(417)}`;
  const data = toModelCommitment({ ...model, size: Number.MAX_SAFE_INTEGER, uri });
  expect(data.length).toBeLessThanOrEqual(512);
  expect(parseModelCommitment(data)?.uri).toBe(uri);
  expect(() => toModelCommitment({ ...model, uri: `${uri}x` })).toThrow(RangeError);
});

it.each([
  ["http://models.example/a.onnx"],
  ["file:///etc/passwd"],
  ["https://"],
  ["https://a b"],
  ["https://models.example/\u001b[2J"],
  ["axon:else"],
  [""],
])("%j is no address of a model", (uri) => {
  expect(isModelUri(uri)).toBe(false);
  expect(() => toModelCommitment({ ...model, uri })).toThrow(RangeError);
  const map = { h: Buffer.from(model.sha256, "hex"), n: 1, u: uri };
  expect(parseModelCommitment(Uint8Array.from([1, 2, ...encode(map)]))).toBeUndefined();
});

it.each([
  ["a short hash", { sha256: "ab" }],
  ["no hash", { sha256: "zz".repeat(32) }],
  ["no bytes", { size: 0 }],
  ["half a byte", { size: 1.5 }],
])("refuses to commit to %s", (_, change) => {
  expect(() => toModelCommitment({ ...model, ...change })).toThrow(RangeError);
});

it("what a validator commits in the same place is no model", () => {
  const [, , ...map] = toModelCommitment(model);
  expect(parseModelCommitment(Uint8Array.from([1, 1, ...map]))).toBeUndefined();
  expect(parseModelCommitment(Uint8Array.from([2, 2, ...map]))).toBeUndefined();
});

it("reads any bytes without throwing, and what it reads can be written again", () => {
  const anything = fc.uint8Array({ maxLength: 600 });
  const nearly = anything.map((rest) => Uint8Array.from([1, 2, ...rest]));
  const torn = fc
    .tuple(fc.nat(130), fc.nat(255))
    .map(([at, byte]) => toModelCommitment(model).map((old, i) => (i === at ? byte : old)));
  fc.assert(
    fc.property(fc.oneof(anything, nearly, torn), (data) => {
      const read = parseModelCommitment(data);
      if (read) expect(parseModelCommitment(toModelCommitment(read))).toEqual(read);
    }),
    { numRuns: 2_000 },
  );
});
