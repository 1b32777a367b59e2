import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { isSubforgeError } from "../../shared/errors.ts";
import { readModelFile } from "./model-file.ts";
import { inspectModel } from "./model-guard.ts";
import {
  doubler,
  externalWeight,
  field,
  graphAttribute,
  number,
  onnxFile,
  onnxGraph,
  text,
  weight,
} from "./onnx.test-kit.ts";

const add = { op: "Add", inputs: ["x", "w"], outputs: ["y"] };
const ports = { inputs: [["x", ["n", 2]]] as never, outputs: [["y", ["n", 2]]] as never };
const problemOf = (bytes: Uint8Array) => {
  try {
    inspectModel(bytes, "m.onnx");
    return undefined;
  } catch (error) {
    if (isSubforgeError(error, "MINER_MODEL_INVALID")) return error.details.problem;
    throw error;
  }
};

describe("the model guard", () => {
  test("reports inputs, outputs, operator version and size", () => {
    const bytes = onnxFile({ nodes: [add], ...ports, weights: [weight("w", [2], [1, 2])] }, { opset: 18 });
    expect(inspectModel(bytes, "m.onnx").info).toEqual({
      inputs: [{ name: "x", dtype: "float32", shape: [null, 2], axes: ["n", null] }],
      outputs: [{ name: "y", dtype: "float32", shape: [null, 2], axes: ["n", null] }],
      opset: 18,
      nodes: 1,
      bytes: bytes.length,
      externalFiles: [],
    });
  });

  test("does not take weights that old exporters list among the inputs for inputs", () => {
    const inputs = [
      ["x", ["n", 2]],
      ["w", [2]],
    ] as never;
    const bytes = onnxFile({ nodes: [add], ...ports, inputs, weights: [weight("w", [2], [1, 2])] });
    expect(inspectModel(bytes, "m.onnx").info.inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  const deep = (depth: number): Uint8Array => {
    const attributes = depth === 0 ? [] : [graphAttribute("body", deep(depth - 1))];
    return onnxGraph({ nodes: [{ op: "Loop", inputs: [], outputs: ["y"], attributes }], ...ports });
  };
  test.each([
    ["text", Buffer.from("hello, I am a model"), "it is no ONNX file"],
    ["nothing", new Uint8Array(), "no graph"],
    ["a picture", Buffer.from("89504e470d0a1a0a", "hex"), "it is no ONNX file"],
    [
      "T20: an operator of an unknown domain",
      onnxFile({ nodes: [{ ...add, domain: "evil" }], ...ports }),
      '"evil"',
    ],
    [
      "T20: such an operator inside a branch",
      onnxFile({
        nodes: [
          {
            op: "If",
            inputs: ["x"],
            outputs: ["y"],
            attributes: [
              graphAttribute("then", onnxGraph({ nodes: [{ ...add, domain: "evil" }], ...ports })),
            ],
          },
        ],
        ...ports,
      }),
      '"evil"',
    ],
    [
      "T20: an operator that opens files",
      onnxFile({
        nodes: [{ op: "EPContext", inputs: ["x"], outputs: ["y"], domain: "com.microsoft" }],
        ...ports,
      }),
      "reads files",
    ],
    [
      "graphs nested too deeply",
      onnxFile({
        nodes: [{ op: "Loop", inputs: [], outputs: ["y"], attributes: [graphAttribute("body", deep(20))] }],
        ...ports,
      }),
      "nested",
    ],
    [
      "a tensor of absurd size",
      onnxFile({ nodes: [add], ...ports, weights: [weight("w", [2 ** 30, 2 ** 30], [])] }),
      "absurdly large",
    ],
    ["an input of text", onnxFile({ nodes: [add], ...ports, inputs: [["x", ["n"], 8]] }), "cannot travel"],
    ["no inputs", onnxFile({ nodes: [add], ...ports, inputs: [] }), "no inputs"],
    [
      "no operator version",
      onnxFile({ nodes: [add], ...ports }, { domain: "ai.onnx.ml" }),
      "standard operators",
    ],
  ])("refuses %s", (_what, bytes, problem) => {
    expect(problemOf(bytes)).toContain(problem);
  });

  test.each([
    ...[
      "../w.bin",
      "/etc/passwd",
      "a/../../w.bin",
      "C:\\w.bin",
      "..\\w.bin",
      "",
      "./w.bin",
      "a//b",
      "a/",
      "w\0.bin",
    ],
    ...["//host/share/w", "\\\\host\\share", "file:w", "w\n.bin", "..", "~/../w", "x".repeat(5_000)],
    "*/_ORT_MEM_ADDR_/*", // an address in memory, to the runtime
  ])("T18: refuses weights at %j", (location) => {
    const bytes = onnxFile({ nodes: [add], ...ports, weights: [externalWeight("w", [2], location)] });
    expect(problemOf(bytes)).toMatch(/outside its folder|a name of/);
  });

  test("T18: finds external weights inside attributes and sparse tensors too", () => {
    const outside = externalWeight("w", [2], "/etc/passwd");
    const constant = { op: "Constant", inputs: [], outputs: ["y"], attributes: [field(5, outside)] };
    expect(problemOf(onnxFile({ nodes: [constant], ...ports }))).toContain("outside its folder");
    const sparse = { ...constant, attributes: [field(22, field(1, outside))] };
    expect(problemOf(onnxFile({ nodes: [sparse], ...ports }))).toContain("outside its folder");
    const graph = field(15, field(2, outside));
    const file = Buffer.concat([
      number(1, 8),
      field(7, onnxGraph({ nodes: [add], ...ports }), graph),
      field(8, text(1, ""), number(2, 17)),
    ]);
    expect(problemOf(file)).toContain("outside its folder");
  });

  test("T18: opens nothing outside the model's folder, whatever lies at the name inside", async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "subforge-guard-")));
    onTestFinished(() => rm(folder, { recursive: true }));
    const model = join(folder, "model");
    await mkdir(join(model, "deep"), { recursive: true });
    await writeFile(join(folder, "secret.bin"), new Uint8Array(8));
    const path = join(model, "m.onnx");
    const at = (location: string) =>
      writeFile(path, onnxFile({ nodes: [add], ...ports, weights: [externalWeight("w", [2], location)] }));
    const problem = () =>
      readModelFile(path).then(
        ({ info }) => info.externalFiles,
        (error) => (isSubforgeError(error, "MINER_MODEL_INVALID") ? error.details.problem : error),
      );
    await at("w.bin");
    expect(await problem()).toContain("is missing");
    await symlink(join(folder, "secret.bin"), join(model, "w.bin"));
    expect(await problem()).toContain("is a link");
    await rm(join(model, "w.bin"));
    await symlink("/dev/zero", join(model, "w.bin"));
    expect(await problem()).toContain("is a link");
    await rm(join(model, "w.bin"));
    execFileSync("mkfifo", [join(model, "w.bin")]);
    expect(await problem()).toContain("no file"); // and does not wait for somebody to write into it
    await rm(join(model, "w.bin"));
    await mkdir(join(model, "w.bin"));
    expect(await problem()).toContain("no file");
    await rm(join(model, "w.bin"), { recursive: true });
    await symlink(folder, join(model, "deep", "up"));
    await at("deep/up/secret.bin");
    expect(await problem()).toContain("is a link");
    await at("w.bin");
    await writeFile(join(model, "w.bin"), new Uint8Array(7));
    expect(await problem()).toContain("has 7 bytes, and weights up to 8");
    await writeFile(join(model, "w.bin"), new Uint8Array(8));
    expect(await problem()).toEqual(["w.bin"]);
    await symlink(path, join(folder, "link.onnx"));
    expect((await readModelFile(join(folder, "link.onnx"))).path).toBe(path);
  });

  test("T18: reads models from ordinary files only", async () => {
    const folder = await mkdtemp(join(tmpdir(), "subforge-guard-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const refusal = (path: string) => readModelFile(path).catch((error) => error.code);
    expect(await refusal(join(folder, "pipe"))).toBe("MINER_MODEL_INVALID");
    expect(await refusal("/dev/zero")).toBe("MINER_MODEL_INVALID");
    expect(await refusal(folder)).toBe("MINER_MODEL_MISSING");
    expect(await refusal(join(folder, "none"))).toBe("MINER_MODEL_MISSING");
  });

  test("answers every mutation and every cut of a model with a verdict", () => {
    const bytes = onnxFile({ nodes: [add], ...ports, weights: [weight("w", [2], [1, 2])] });
    for (let length = 0; length < bytes.length; length += 1) problemOf(bytes.subarray(0, length));
    const edits = fc.array(fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(edits, (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const { at, to } of changes) changed[at] = to;
        problemOf(changed);
      }),
      { numRuns: 3_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => problemOf(noise) !== undefined));
    expect(problemOf(doubler())).toBeUndefined();
  });
});
