import type { OnnxGraph } from "../../../shared/onnx-writer.ts";
import { type Tensor, tensor } from "../../../shared/tensor.ts";

type Node = OnnxGraph["nodes"][number];
type Numbers = Float32Array<ArrayBuffer>;

/** What an operator of a step gives, in plain arithmetic: where sums are exact, the bits of every runtime. @throws RangeError for one that an mlp has not */
export function computeOperator({ op, attributes }: Node, inputs: readonly Tensor[]): Tensor {
  const [first, second, third] = inputs as [Tensor, Tensor, Tensor];
  const each = EACH[op];
  if (each) return { ...first, data: numbers(first).map((value) => each(value)) } as Tensor;
  const pair = PAIRS[op];
  if (pair) return ofPairs(first, second, pair);
  if (op === "Clip") {
    const [low, high] = [numbers(second)[0]!, numbers(third)[0]!];
    return { ...first, data: numbers(first).map((value) => Math.min(high, Math.max(low, value))) } as Tensor;
  }
  if (op === "Cast") {
    return tensor(
      "int64",
      first.shape,
      BigInt64Array.from(numbers(first), (value) => BigInt(Math.trunc(value))),
    );
  }
  if (op === "Gather") {
    const indices = Array.from(second.data as BigInt64Array, Number);
    return tensor(
      "float32",
      second.shape,
      Float32Array.from(indices, (index) => numbers(first)[index]!),
    );
  }
  if (op === "Gemm") return product(first, second, attributes as Record<string, number>);
  if (op === "ReduceMax") return reduce(first, 1, true, (a, b) => Math.max(a, b));
  if (op === "ReduceSum") {
    const axes = Array.from(second.data as BigInt64Array, Number);
    return reduce(first, axes[0]!, (attributes as { keepdims: number }).keepdims === 1, (a, b) => a + b);
  }
  if (op === "Slice") return slice(inputs);
  throw new RangeError(`${op} has no plain form`);
}

const EACH: Record<string, (value: number) => number> = {
  Neg: (value) => -value,
  Relu: (value) => Math.max(0, value),
  Sign: Math.sign,
  Exp: Math.exp,
  Log: Math.log,
};

const PAIRS: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

function numbers({ data }: Tensor): Numbers {
  return data as Numbers;
}

/** Of matrices, and of what is repeated to fill them: a number, a row, a column. */
function ofPairs(a: Tensor, b: Tensor, combine: (a: number, b: number) => number): Tensor {
  const shape = a.data.length >= b.data.length ? a.shape : b.shape;
  const width = shape.at(-1) ?? 1;
  const at = (of: Tensor) => {
    if (of.data.length === 1) return () => 0;
    if (of.shape.length === 2 && of.shape[1] === 1 && width > 1) return (i: number) => Math.floor(i / width);
    return (i: number) => i % of.data.length;
  };
  const [ofA, ofB] = [at(a), at(b)];
  const data = Float32Array.from({ length: Math.max(a.data.length, b.data.length) }, (_, i) =>
    combine(numbers(a)[ofA(i)]!, numbers(b)[ofB(i)]!),
  );
  return tensor("float32", shape, data);
}

function product(a: Tensor, b: Tensor, { transA = 0, transB = 0 }: Record<string, number>): Tensor {
  const [rows, terms] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const columns = transB ? b.shape[0]! : b.shape[1]!;
  const data = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let term = 0; term < terms; term++) {
      const left = numbers(a)[transA ? term * rows + row : row * terms + term]!;
      sum += left * numbers(b)[transB ? column * terms + term : term * columns + column]!;
    }
    return sum;
  });
  return tensor("float32", [rows, columns], data);
}

/** Of a matrix: into a row, axis 0, or into a column, axis 1. */
function reduce(of: Tensor, axis: number, keeps: boolean, combine: (a: number, b: number) => number): Tensor {
  const [rows, columns] = of.shape as [number, number];
  const lines = Array.from({ length: axis === 0 ? columns : rows }, (_, line) =>
    Array.from(
      { length: axis === 0 ? rows : columns },
      (_, i) => numbers(of)[axis === 0 ? i * columns + line : line * columns + i]!,
    ),
  );
  const kept = axis === 0 ? [1, columns] : [rows, 1];
  const shape = keeps ? kept : [lines.length];
  return tensor(
    "float32",
    shape,
    Float32Array.from(lines, (line) => line.reduce(combine)),
  );
}

function slice([of, from, to, axis]: readonly Tensor[]): Tensor {
  const [start, end, along] = [from, to, axis].map((value) => Number((value!.data as BigInt64Array)[0]));
  const [rows, columns] = of!.shape as [number, number];
  const isRows = along === 0;
  const shape = isRows ? [end! - start!, columns] : [rows, end! - start!];
  const data = numbers(of!).filter((_, i) => {
    const place = isRows ? Math.floor(i / columns) : i % columns;
    return place >= start! && place < end!;
  });
  return tensor("float32", shape, data);
}
