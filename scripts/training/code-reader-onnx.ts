import { type OnnxGraph, writeOnnx } from "../../shared/onnx-writer.ts";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import { MAX_INSTRUCTIONS } from "../../subnets/inference/presets/contract-audit/contract.ts";
import { PADDING } from "../../subnets/inference/presets/contract-audit.ts";
import { ASKS, FINISHES } from "./code-places.ts";
import { codeConstants, codeNodes, codePorts, SYMBOLS } from "./code-ports.ts";
import { type CodeReader, MAX_SIGHT, NO_PLACE } from "./code-reader.ts";

/** Far below any z: what stands at instructions that are no place. */
const NOT_ASKED = -1_000;

/**
 * The graph of a code reader. "Max from the start of the function" is a running maximum over everything before, by
 * pooling pairs at distance 1, 2, 4, ...: each function's sights are lifted above all of the function before it.
 */
export function codeReaderToOnnx(name: string, net: CodeReader): Uint8Array {
  const { width, sightWindow, window, sights, hidden, outputs } = net.shape;
  const running = runningMaximum("lifted");
  const nodes: OnnxGraph["nodes"] = [
    ...codeNodes,
    { op: "Gather", inputs: ["E", "code"], outputs: ["embedded"] },
    { op: "Transpose", inputs: ["embedded"], outputs: ["e"], attributes: { perm: [0, 2, 1] } },

    windowOf("e", "F", "f", "sight", sightWindow),
    { op: "Clip", inputs: ["sight", "zero", "maxSight"], outputs: ["s"] },
    { op: "Gather", inputs: ["finishes", "code"], outputs: ["ends"] },
    { op: "CumSum", inputs: ["ends", "axis"], outputs: ["function"], attributes: { exclusive: 1 } },
    { op: "Mul", inputs: ["function", "maxSight"], outputs: ["height"] },
    { op: "Unsqueeze", inputs: ["height", "axis"], outputs: ["lift"] },
    // Padded before they are added: the runtime would fold one padding into the pooling, and then refuse its size.
    { op: "Pad", inputs: ["s", "earlier"], outputs: ["paddedSights"] },
    { op: "Pad", inputs: ["lift", "earlier"], outputs: ["paddedLift"] },
    { op: "Add", inputs: ["paddedSights", "paddedLift"], outputs: ["lifted"] },
    ...running.nodes,
    { op: "Sub", inputs: [running.output, "lift"], outputs: ["p"] },

    windowOf("e", "W", "b", "local", window),
    { op: "Conv", inputs: ["p", "B"], outputs: ["before"], attributes: { kernel_shape: [1] } },
    { op: "Add", inputs: ["local", "before"], outputs: ["sum"] },
    { op: "Relu", inputs: ["sum"], outputs: ["h"] },
    { op: "Conv", inputs: ["h", "D", "d"], outputs: ["z"], attributes: { kernel_shape: [1] } },

    { op: "Gather", inputs: ["asks", "code"], outputs: ["askedRows"] },
    { op: "Transpose", inputs: ["askedRows"], outputs: ["asked"], attributes: { perm: [0, 2, 1] } },
    { op: "Add", inputs: ["z", "asked"], outputs: ["judged"] },
    { op: "ReduceMax", inputs: ["judged"], outputs: ["highest"], attributes: { axes: [2], keepdims: 0 } },
    { op: "Max", inputs: ["highest", "noPlace"], outputs: ["surest"] },
    { op: "Mul", inputs: ["surest", "scale"], outputs: ["scaled"] },
    { op: "Add", inputs: ["scaled", "shift"], outputs: ["logits"] },
    { op: "Sigmoid", inputs: ["logits"], outputs: ["y"] },
  ];
  return writeOnnx({
    name,
    ...codePorts,
    nodes,
    constants: {
      ...codeConstants,
      axis: tensor("int64", [1], BigInt64Array.of(1n)),
      // Before the first instruction there is nothing, which is as low as a sight can be.
      earlier: tensor("int64", [6], BigInt64Array.of(0n, 0n, BigInt(MAX_INSTRUCTIONS - 1), 0n, 0n, 0n)),
      zero: floats([], [0]),
      maxSight: floats([], [MAX_SIGHT]),
      noPlace: floats([], [NO_PLACE]),
      E: floats([SYMBOLS, width], embeddingOf(net)),
      F: floats([sights, width, sightWindow], turned(net.sight, sightWindow, width, sights)),
      f: floats([sights], net.sightBias),
      W: floats([hidden, width, window], turned(net.local, window, width, hidden)),
      b: floats([hidden], net.localBias),
      B: floats([hidden, sights, 1], turned(net.before, 1, sights, hidden)),
      D: floats([outputs, hidden, 1], turned(net.out, 1, hidden, outputs)),
      d: floats([outputs], net.outBias),
      scale: floats([outputs], net.scale),
      shift: floats([outputs], net.shift),
      finishes: floats(
        [SYMBOLS],
        Array.from({ length: SYMBOLS }, (_, symbol) => (FINISHES[symbol] ? 1 : 0)),
      ),
      asks: floats(
        [SYMBOLS, outputs],
        Array.from({ length: SYMBOLS * outputs }, (_, i) =>
          ASKS[i % outputs]![Math.floor(i / outputs)] ? 0 : NOT_ASKED,
        ),
      ),
    },
  });
}

/** Nodes that shorten what was padded to its length again: the highest of everything up to each place. */
function runningMaximum(input: string): { nodes: OnnxGraph["nodes"]; output: string } {
  const nodes: OnnxGraph["nodes"][number][] = [];
  let last = input;
  for (let distance = 1; distance < MAX_INSTRUCTIONS; distance *= 2) {
    const output = `highestOf${2 * distance}`;
    const attributes = { kernel_shape: [2], dilations: [distance] };
    nodes.push({ op: "MaxPool", inputs: [last], outputs: [output], attributes });
    last = output;
  }
  return { nodes, output: last };
}

function windowOf(input: string, weights: string, bias: string, output: string, size: number) {
  const attributes = { kernel_shape: [size], pads: [size >> 1, size >> 1] };
  return { op: "Conv", inputs: [input, weights, bias], outputs: [output], attributes };
}

/** By opcode instead of by kind. Padding is nothing at all. */
function embeddingOf({ shape: { width }, kinds, embedding }: CodeReader): number[] {
  return Array.from({ length: SYMBOLS * width }, (_, i) => {
    const symbol = Math.floor(i / width);
    return symbol === PADDING ? 0 : embedding[kinds[symbol]! * width + (i % width)]!;
  });
}

/** [window x in x out], as training has it, to [out x in x window], as a convolution has it. */
function turned(values: Float64Array, window: number, inputs: number, outputs: number): number[] {
  return Array.from(values, (_, i) => {
    const place = i % window;
    const input = Math.floor(i / window) % inputs;
    const output = Math.floor(i / window / inputs);
    return values[(place * inputs + input) * outputs + output]!;
  });
}

function floats(shape: number[], values: ArrayLike<number>): Tensor {
  return tensor("float32", shape, Float32Array.from(values));
}
