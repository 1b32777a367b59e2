import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSubforgeError } from "../../errors.ts";
import { packageRoot } from "../../process-entry.ts";
import { describeMetadata } from "../runtime/describe-runtime.ts";
import { findShapeProblems, METAGRAPH_API } from "../runtime/runtime-shape.ts";
import { createMetagraphReader } from "./metagraph-columns.ts";
import { ScaleReader } from "./scale-reader.ts";
import { isOption, optionOf, shapeOf } from "./type-shape.ts";
import type { TypeDef } from "./type-table.ts";

const spec = resolve(packageRoot(), "../shared/spec");
const metadata = (name: string) => readFileSync(resolve(spec, `subtensor-metadata-${name}.scale`));
const hasSpec = existsSync(spec); // a public clone has no recorded metadata, and nothing to compare with

describe("a reader of SCALE", () => {
  it.each([
    ["00", 0],
    ["fc", 63],
    ["0101", 64],
    ["fdff", 16_383],
    ["02000100", 16_384],
    ["feffffff", 1_073_741_823],
    ["0300000040", 1_073_741_824],
    ["13ffffffffffff1f00", 9_007_199_254_740_991],
  ])("reads compact %s as %i", (hex, value) => {
    expect(new ScaleReader(Buffer.from(hex, "hex")).compact()).toBe(value);
    expect(new ScaleReader(Buffer.from(hex, "hex")).compactBig()).toBe(BigInt(value));
  });

  it("ends damaged bytes by a RangeError, and believes no length that cannot be there", () => {
    expect(() => new ScaleReader(Buffer.from("02", "hex")).compact()).toThrow(RangeError);
    expect(() => new ScaleReader(Buffer.from("feffffff00", "hex")).length(1)).toThrow(RangeError);
    expect(() => new ScaleReader(Buffer.from("02", "hex")).bool()).toThrow(RangeError);
    expect(() => new ScaleReader(Buffer.from("13ffffffffffffffff", "hex")).compact()).toThrow(RangeError);
  });
});

describe.skipIf(!hasSpec)("metadata of real runtimes", () => {
  it.each(["293-v15", "393", "424-v15", "424"])("%s has every call in the shape we know", (name) => {
    expect(findShapeProblems(describeMetadata(metadata(name)))).toEqual([]);
  });

  it("that is no metadata is an error with a code", () => {
    expect(() => describeMetadata(new Uint8Array([1, 2, 3]))).toThrow(
      expect.objectContaining({ code: "CHAIN_BAD_ANSWER" }),
    );
  });

  it("with a wider type behind the same name is another shape: nothing is signed by it", () => {
    const runtime = describeMetadata(metadata("424"));
    const calls = runtime.table(runtime.calls.get("subtensormodule")!) as Extract<
      TypeDef,
      { kind: "variant" }
    >;
    const setWeights = calls.variants.find(({ name }) => name === "set_weights")!;
    const netuid = setWeights.fields[0]!;
    const u16 = netuid.type;
    netuid.type = setWeights.fields[3]!.type;
    expect(findShapeProblems(runtime)).toMatchObject([
      { kind: "call", what: "subtensorModule.setWeights", problem: expect.stringMatching(/netuid: u64/) },
    ]);
    netuid.type = u16;
    expect(findShapeProblems(runtime)).toEqual([]);
  });

  it("with another column in the metagraph is an error, and never a column that is read wrongly", () => {
    const runtime = describeMetadata(metadata("424"));
    const output = runtime.apis.get(METAGRAPH_API)!;
    const option = runtime.table(output);
    expect(isOption(option)).toBe(true);
    const struct = runtime.table(optionOf(option)) as Extract<TypeDef, { kind: "composite" }>;
    const emission = struct.fields.find(({ name }) => name === "emission")!;
    const dividends = struct.fields.find(({ name }) => name === "dividends")!;
    expect(shapeOf(runtime.table, emission.type)).toBe("[Compact<u64>]");
    emission.type = dividends.type;
    expect(() => createMetagraphReader(runtime.table, output)).toThrow(
      expect.objectContaining({ code: "CHAIN_BAD_ANSWER" }),
    );
    expect(findShapeProblems(runtime)).toMatchObject([{ kind: "api", what: METAGRAPH_API }]);
  });

  it("reads any bytes as columns or as an error with a code", () => {
    const runtime = describeMetadata(metadata("424"));
    const read = createMetagraphReader(runtime.table, runtime.apis.get(METAGRAPH_API)!);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), (bytes) => {
        try {
          read(1, Buffer.from([1, ...bytes]));
        } catch (error) {
          expect(isSubforgeError(error, "CHAIN_BAD_ANSWER")).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(read(1, Buffer.from([0]))).toBeUndefined();
  });
});
