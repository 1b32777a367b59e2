import { describe, expect, test } from "vitest";
import { isSubforgeError } from "../../shared/errors.ts";
import { inspectModel } from "./model-guard.ts";
import {
  doubler,
  field,
  graphAttribute,
  intAttribute,
  number,
  onnxFile,
  onnxGraph,
  text,
  weight,
} from "./onnx.test-kit.ts";

type Node = Parameters<typeof onnxGraph>[0]["nodes"][number];

const ports = { inputs: [["x", ["n", 2]]] as never, outputs: [["y", ["n", 2]]] as never };
const add: Node = { op: "Add", inputs: ["x", "w"], outputs: ["y"] };
const concat = (inputs: string[], output: string): Node => ({
  ...{ op: "Concat", inputs, outputs: [output], attributes: [intAttribute("axis", 0)] },
});

function bytes(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function int64s(name: string, values: bigint[]): Uint8Array {
  const raw = new Uint8Array(BigInt64Array.from(values).buffer);
  return bytes(number(1, values.length), number(2, 7), text(8, name), field(9, raw));
}

/** A node, as it stands in a function. */
function node(op: string, domain = ""): Uint8Array {
  return bytes(text(1, "x"), text(2, "y"), text(4, op), text(7, domain));
}

const local = (name: string, ...nodes: Uint8Array[]) =>
  field(25, text(1, name), ...nodes.map((one) => field(7, one)), text(10, "local"));
const calls = (...nodes: Node[]) => onnxFile({ nodes, ...ports });

function problemOf(file: Uint8Array): string | undefined {
  try {
    inspectModel(file, "m.onnx");
    return undefined;
  } catch (error) {
    if (isSubforgeError(error, "MINER_MODEL_INVALID")) return String(error.details.problem);
    throw error;
  }
}

const withWeights = (nodes: Node[], ...weights: Uint8Array[]) => onnxFile({ nodes, ...ports, weights });

describe("T19: the model guard refuses", () => {
  const doubling = Array.from({ length: 40 }, (_, i) => concat([`c${i}`, `c${i}`], `c${i + 1}`));
  const layers = Array.from({ length: 30 }, (_, i) =>
    local(`f${i}`, node(`f${i + 1}`, "local"), node(`f${i + 1}`, "local")),
  );
  const call: Node = { op: "f0", inputs: ["x"], outputs: ["y"], domain: "local" };
  const huge = int64s("huge", [1n << 20n, 1n << 20n]);
  const negative = new Uint8Array([0x08, ...Array(9).fill(0xff), 0x01]);

  test.each([
    [
      "a constant that doubles forty times",
      withWeights(doubling, weight("c0", [4], [1, 2, 3, 4])),
      "unfolds|absurdly",
    ],
    [
      "the same with its nodes in another order",
      withWeights(doubling.toReversed(), weight("c0", [4], [1, 2, 3, 4])),
      "unfolds|absurdly",
    ],
    [
      "a constant of 2^40 numbers",
      withWeights([{ op: "ConstantOfShape", inputs: ["huge"], outputs: ["y"] }], huge),
      "absurdly large",
    ],
    [
      "such a one inside a branch, with its size outside",
      withWeights(
        [
          {
            op: "If",
            inputs: ["x"],
            outputs: ["y"],
            attributes: [
              graphAttribute(
                "then",
                onnxGraph({ nodes: [{ op: "ConstantOfShape", inputs: ["huge"], outputs: ["y"] }], ...ports }),
              ),
            ],
          },
        ],
        huge,
      ),
      "absurdly large",
    ],
    [
      "a question that is expanded to 2^40 numbers",
      withWeights([{ op: "Expand", inputs: ["x", "huge"], outputs: ["y"] }], huge),
      "absurdly large",
    ],
    [
      "a question that is repeated 2^40 times",
      withWeights([{ op: "Tile", inputs: ["x", "huge"], outputs: ["y"] }], huge),
      "absurdly large",
    ],
    [
      "a range of 2^40 numbers",
      withWeights(
        [{ op: "Range", inputs: ["a", "b", "c"], outputs: ["y"] }],
        int64s("a", [0n]),
        int64s("b", [1n << 40n]),
        int64s("c", [1n]),
      ),
      "absurdly large",
    ],
    [
      "a range that does not move",
      withWeights(
        [{ op: "Range", inputs: ["a", "b", "c"], outputs: ["y"] }],
        int64s("a", [0n]),
        int64s("b", [9n]),
        int64s("c", [0n]),
      ),
      "moves by 0",
    ],
    [
      "a size that is computed from smaller ones",
      withWeights(
        [
          { op: "Mul", inputs: ["huge", "huge"], outputs: ["more"] },
          { op: "ConstantOfShape", inputs: ["more"], outputs: ["y"] },
        ],
        huge,
      ),
      "absurdly large",
    ],
    [
      "two vectors that span 2^40 numbers",
      withWeights(
        [
          { op: "ConstantOfShape", inputs: ["a"], outputs: ["column"] },
          { op: "ConstantOfShape", inputs: ["b"], outputs: ["row"] },
          { op: "Add", inputs: ["column", "row"], outputs: ["y"] },
        ],
        int64s("a", [1n << 20n, 1n]),
        int64s("b", [1n, 1n << 20n]),
      ),
      "absurdly large",
    ],
    [
      "a loop of 2^40 turns",
      withWeights([{ op: "Loop", inputs: ["t"], outputs: ["y"] }], int64s("t", [1n << 40n])),
      "is to run",
    ],
    [
      "functions that call each other twice, thirty deep",
      bytes(calls(call), ...layers, local("f30", node("Neg"))),
      "functions unfold",
    ],
    ["a function that calls itself", bytes(calls(call), local("f0", node("f0", "local"))), "calls itself"],
    [
      "functions nested too deeply",
      bytes(
        calls(call),
        ...Array.from({ length: 100 }, (_, i) =>
          local(`f${i}`, node(i < 99 ? `f${i + 1}` : "Neg", i < 99 ? "local" : "")),
        ),
      ),
      "nested more than",
    ],
    [
      "two functions of one name",
      bytes(calls(call), local("f0", node("Neg")), local("f0", node("Abs"))),
      "two functions",
    ],
    [
      "more nodes than any model has",
      bytes(number(1, 8), field(7, Buffer.concat(Array(100_001).fill(field(1, text(4, "Neg")))))),
      "more than 100000 nodes",
    ],
    [
      "a tensor that declares more than it holds",
      withWeights([add], weight("w", [1_000], [1, 2])),
      "declares 4000 bytes and holds 8",
    ],
    [
      "a tensor that declares much and holds nothing",
      withWeights([add], bytes(number(1, 2 ** 32), number(2, 1), text(8, "w"))),
      "holds fewer",
    ],
    ["a negative size", withWeights([add], bytes(negative, number(2, 1), text(8, "w"))), "negative size"],
    [
      "absurd sizes behind a zero",
      withWeights([add], bytes(number(1, 2 ** 40), number(1, 0), number(2, 1), text(8, "w"))),
      "absurdly large",
    ],
    [
      "a sparse tensor that is huge when it is dense",
      bytes(
        onnxFile({ nodes: [add], ...ports }).subarray(0, 2),
        field(7, onnxGraph({ nodes: [add], ...ports }), field(15, number(3, 2 ** 20), number(3, 2 ** 20))),
        field(8, number(2, 17)),
      ),
      "a sparse tensor is absurdly",
    ],
    [
      "an unknown element type",
      withWeights([add], bytes(number(1, 1), number(2, 99), text(8, "w"))),
      "unknown element type",
    ],
    [
      "an input of absurd size",
      onnxFile({ nodes: [add], ...ports, inputs: [["x", [2 ** 20, 2 ** 20]]] }),
      "absurdly large",
    ],
    [
      "two inputs of one name",
      onnxFile({
        nodes: [add],
        ...ports,
        inputs: [
          ["x", [2]],
          ["x", [2]],
        ],
      }),
      "two inputs",
    ],
    [
      "two weights of one name",
      withWeights([add], weight("w", [1], [1]), weight("w", [1], [1])),
      "two weights",
    ],
    ["two results of one name", calls(add, add), "two results"],
    ["a name of a megabyte", calls({ ...add, inputs: ["x".repeat(2 ** 20)] }), "a name of"],
    [
      "a node with a thousand attributes",
      calls({ ...add, attributes: Array(1_000).fill(intAttribute("a", 1)) }),
      "attributes",
    ],
    [
      "two graphs, which protobuf would merge",
      bytes(doubler(), field(7, onnxGraph({ nodes: [add], ...ports }))),
      "a graph twice",
    ],
    [
      "graphs for training",
      bytes(doubler(), field(20, field(1, onnxGraph({ nodes: [add], ...ports })))),
      "for training",
    ],
  ])("%s", (_what, file, problem) => {
    expect(problemOf(file)).toMatch(new RegExp(problem));
  });

  test.each([
    ["a number that ends too early", [0x08, 0x80], "middle of a number"],
    ["a number of eleven bytes", [0x08, ...Array(10).fill(0x80), 0x01], "too long"],
    ["a number of more than 64 bits", [0x08, ...Array(9).fill(0xff), 0x02], "too long"],
    [
      "a field whose number does not fit 32 bits",
      [0x88, 0x80, 0x80, 0x80, 0x80, 0x01, 0x01],
      "number of a field",
    ],
    ["a field that ends too early", [0x3a, 0x05, 0x00], "middle of a field"],
    ["a field of a size that is negative", [0x3a, ...Array(9).fill(0xff), 0x01], "middle of a field"],
    ["a number of another width than the runtime reads", [0x0d, 1, 0, 0, 0], "no number"],
    ["groups", [0x3b, 0x3c], "wire type 3"],
  ])("%s", (_what, file, problem) => {
    expect(problemOf(Uint8Array.from(file))).toContain(problem);
  });

  test.each([
    [
      "a loop that runs until its condition says so",
      withWeights([{ op: "Loop", inputs: ["t"], outputs: ["y"] }], int64s("t", [2n ** 63n - 1n])),
    ],
    [
      "a mask of four million numbers",
      withWeights([{ op: "ConstantOfShape", inputs: ["s"], outputs: ["y"] }], int64s("s", [2048n, 2048n])),
    ],
    [
      "functions that call each other",
      bytes(calls(call), local("f0", node("f1", "local"), node("f1", "local")), local("f1", node("Neg"))),
    ],
  ])("but not %s", (_what, file) => {
    expect(problemOf(file)).toBeUndefined();
  });
});
