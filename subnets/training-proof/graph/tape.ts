import type { OnnxGraph } from "../../../shared/onnx-writer.ts";
import { type Dtype, type Tensor, tensor } from "../../../shared/tensor.ts";

/** Anything a node takes or gives. float32 unless it says otherwise; nothing goes back into what is `given`. */
export type Value = { name: string; shape: readonly number[]; dtype?: Dtype; given?: true };

type Node = OnnxGraph["nodes"][number];
type Attributes = Node["attributes"];

/**
 * Writes down operators as they are used, and how the gradient goes back through each: reverse-mode differentiation into
 * a graph of plain inference operators, because the runtime has no training of its own.
 */
export class Tape {
  readonly nodes: Node[] = [];
  readonly constants: Record<string, Tensor> = {};
  /** Whatever has a name here, constants and what comes from outside included. */
  readonly values = new Map<string, Value>();
  readonly #backward: (() => void)[] = [];
  readonly #gradients = new Map<string, Value>();
  #count = 0;

  /** Something from outside. */
  input(value: Value): Value {
    this.values.set(value.name, value);
    return value;
  }

  /** One operator. Its output is called after it. */
  put(
    op: string,
    inputs: readonly Value[],
    shape: readonly number[],
    attributes?: Attributes,
    dtype: Dtype = "float32",
  ): Value {
    const name = `${op.toLowerCase()}${this.#count++}`;
    this.nodes.push({
      op,
      inputs: inputs.map((input) => input.name),
      outputs: [name],
      ...(attributes && { attributes }),
    });
    return this.input({ name, shape, dtype });
  }

  /** The same constant is written once. */
  constant(value: Tensor): Value {
    const known = Object.entries(this.constants).find(
      ([, other]) =>
        other.dtype === value.dtype &&
        String(other.shape) === String(value.shape) &&
        other.data.length === value.data.length &&
        other.data.every((number, i) => Object.is(number, value.data[i])),
    );
    const name = known?.[0] ?? `constant${Object.keys(this.constants).length}`;
    this.constants[name] = known?.[1] ?? value;
    return this.input({ name, shape: value.shape, dtype: value.dtype, given: true });
  }

  number(value: number): Value {
    return this.constant(tensor("float32", [], Float32Array.of(value)));
  }

  whole(...values: number[]): Value {
    return this.constant(tensor("int64", [values.length], BigInt64Array.from(values, BigInt)));
  }

  /** @param pass - Puts the gradients of what went in, given that of `output`. Not called where nobody asks for it. */
  differentiable(output: Value, pass: (gradient: Value) => void): Value {
    this.#backward.push(() => {
      const gradient = this.#gradients.get(output.name);
      if (gradient) pass(gradient);
    });
    return output;
  }

  /** Adds to the gradient of a value. */
  addGradient({ name, shape, given }: Value, gradient: Value): void {
    if (given) return;
    const before = this.#gradients.get(name);
    this.#gradients.set(name, before ? this.put("Add", [before, gradient], shape) : gradient);
  }

  /** Everything backward, last first. Where it begins has to have its gradient. */
  goBack(): void {
    for (const pass of this.#backward.splice(0).reverse()) pass();
  }

  gradientOf({ name }: Value): Value {
    return this.#gradients.get(name)!;
  }
}
