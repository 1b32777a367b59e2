import { writeOnnx } from "../../shared/onnx-writer.ts";
import type { Random } from "../../shared/rules/beacon.ts";
import { tensor } from "../../shared/tensor.ts";
import { PADDING } from "../../subnets/inference/presets/contract-audit.ts";
import { createAdam } from "./adam.ts";
import { codeConstants, codeNodes, codePorts, SYMBOLS } from "./code-ports.ts";

/**
 * A network that knows how often each opcode occurs and nothing of their order: `sigmoid(relu(counts E + b) D + d)`.
 * What it cannot tell apart, only order can. Matrices are row-major [in x out].
 */
export type OpcodeCounter = {
  hidden: number;
  outputs: number;
  counted: Float64Array;
  bias: Float64Array;
  out: Float64Array;
  outBias: Float64Array;
};

/** Counts are tens: they start with weights to match. */
const FIRST_DEVIATION = 0.03;

export function createOpcodeCounter(hidden: number, outputs: number, random: Random): OpcodeCounter {
  const normal = (count: number, deviation: number) =>
    Float64Array.from({ length: count }, () => random.normal() * deviation);
  return {
    hidden,
    outputs,
    counted: normal(SYMBOLS * hidden, FIRST_DEVIATION),
    bias: new Float64Array(hidden),
    out: normal(hidden * outputs, Math.sqrt(1 / hidden)),
    outBias: new Float64Array(outputs).fill(-2),
  };
}

/** @returns Probabilities of one contract. Leaves the hidden units in `h`. */
export function countOpcodes(net: OpcodeCounter, opcodes: Uint8Array, h: Float64Array): number[] {
  h.set(net.bias);
  for (const opcode of opcodes) {
    const row = opcode * net.hidden;
    for (let i = 0; i < net.hidden; i++) h[i]! += net.counted[row + i]!;
  }
  return Array.from(net.outBias, (bias, o) => {
    let z = bias;
    for (let i = 0; i < net.hidden; i++) z += Math.max(0, h[i]!) * net.out[i * net.outputs + o]!;
    return 1 / (1 + Math.exp(-z));
  });
}

/** Steps of Adam on batches of contracts, with their rows of truth. */
export function createCounterTrainer(
  net: OpcodeCounter,
): (batch: readonly { opcodes: Uint8Array; truth: ArrayLike<number> }[], rate: number) => void {
  const values = [net.counted, net.bias, net.out, net.outBias];
  const gradients = values.map(({ length }) => new Float64Array(length));
  const [gCounted, gBias, gOut, gOutBias] = gradients;
  const step = createAdam(values, gradients);
  const h = new Float64Array(net.hidden);
  const delta = new Float64Array(net.hidden);

  return (batch, rate) => {
    for (const { opcodes, truth } of batch) {
      const y = countOpcodes(net, opcodes, h);
      delta.fill(0);
      y.forEach((probability, o) => {
        const error = (probability - truth[o]!) / batch.length;
        gOutBias![o]! += error;
        for (let i = 0; i < net.hidden; i++) {
          if (h[i]! <= 0) continue;
          gOut![i * net.outputs + o]! += h[i]! * error;
          delta[i]! += net.out[i * net.outputs + o]! * error;
        }
      });
      for (let i = 0; i < net.hidden; i++) gBias![i]! += delta[i]!;
      for (const opcode of opcodes) {
        const row = opcode * net.hidden;
        for (let i = 0; i < net.hidden; i++) gCounted![row + i]! += delta[i]!;
      }
    }
    step(rate);
  };
}

export function opcodeCounterToOnnx(name: string, net: OpcodeCounter): Uint8Array {
  const { hidden, outputs } = net;
  const counted = Float32Array.from(net.counted);
  counted.fill(0, PADDING * hidden);
  return writeOnnx({
    name,
    ...codePorts,
    nodes: [
      ...codeNodes,
      { op: "Gather", inputs: ["E", "code"], outputs: ["rows"] },
      { op: "ReduceSum", inputs: ["rows", "axis"], outputs: ["sum"], attributes: { keepdims: 0 } },
      { op: "Add", inputs: ["sum", "b"], outputs: ["a"] },
      { op: "Relu", inputs: ["a"], outputs: ["h"] },
      { op: "Gemm", inputs: ["h", "D", "d"], outputs: ["z"] },
      { op: "Sigmoid", inputs: ["z"], outputs: ["y"] },
    ],
    constants: {
      ...codeConstants,
      axis: tensor("int64", [1], BigInt64Array.of(1n)),
      E: tensor("float32", [SYMBOLS, hidden], counted),
      b: tensor("float32", [hidden], Float32Array.from(net.bias)),
      D: tensor("float32", [hidden, outputs], Float32Array.from(net.out)),
      d: tensor("float32", [outputs], Float32Array.from(net.outBias)),
    },
  });
}
