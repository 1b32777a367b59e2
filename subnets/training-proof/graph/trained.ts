import { type Tensor, type Tensors, tensor } from "../../../shared/tensor.ts";
import type { State } from "./network.ts";
import type { Trained } from "./train-mlp.ts";

const NEW = "_new";

/** What an interval graph gave, as a state under its own names. Zeros have no sign: where it comes from no runtime agrees. */
export function toTrained(outputs: Tensors): Trained {
  const state: State = {};
  for (const [name, { shape, data }] of Object.entries(outputs)) {
    if (!name.endsWith(NEW)) continue;
    const values = (data as Float32Array).map((value) => value + 0) as Float32Array<ArrayBuffer>;
    state[name.slice(0, -NEW.length)] = tensor("float32", shape, values);
  }
  return { state, losses: (outputs.losses as Tensor<"float32">).data };
}
