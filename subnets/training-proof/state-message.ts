import { isTensor, type Tensor } from "../../shared/tensor.ts";
import { initialState } from "./arithmetic.ts";
import type { State } from "./graph/network.ts";
import type { TrainingJob } from "./job.ts";

/** Of a hash in a list of them. */
const HASH_BYTES = 32;

/**
 * Is this a state of that job: its tensors, all of them, in their shapes, finite?
 *
 * @throws Error when it is none
 */
export function parseState(value: unknown, job: TrainingJob): State {
  if (typeof value !== "object" || value === null) throw new Error("a state is an object of tensors");
  const given = value as Record<string, unknown>;
  const expected = Object.entries(initialState(job));
  if (Object.keys(given).length !== expected.length) throw new Error("a state has other tensors");
  for (const [name, { shape }] of expected) parseNumbers(Object.hasOwn(given, name) && given[name], shape);
  return given as State;
}

/** @throws Error unless it is a finite float32 tensor of that shape */
export function parseNumbers(value: unknown, shape: readonly number[]): Tensor<"float32"> {
  if (!isTensor(value) || value.dtype !== "float32") throw new Error("a float32 tensor");
  const isShape = value.shape.length === shape.length && value.shape.every((size, i) => size === shape[i]);
  const size = shape.reduce((product, of) => product * of, 1);
  const data = value.data as Float32Array;
  if (!isShape || data.length !== size) throw new Error(`a tensor of shape [${shape.join(",")}]`);
  // A loop takes a tenth of the time of `every`, and a validator reads thousands of states in an epoch.
  for (let i = 0; i < size; i++) if (!Number.isFinite(data[i])) throw new Error("numbers are finite");
  return value as Tensor<"float32">;
}

/** A list of hashes as one tensor, uint8 [count, 32]. */
export function toHashList(hashes: readonly string[]): Tensor<"uint8"> {
  const data = new Uint8Array(Buffer.from(hashes.join(""), "hex"));
  return { dtype: "uint8", shape: [hashes.length, HASH_BYTES], data };
}

/** @throws Error unless it is such a list, of that length */
export function parseHashList(value: unknown, count: number): string[] {
  if (!isTensor(value) || value.dtype !== "uint8" || value.data.length !== count * HASH_BYTES) {
    throw new Error(`a list of ${count} hashes`);
  }
  const digits = Buffer.from(value.data as Uint8Array).toString("hex");
  return Array.from({ length: count }, (_, i) => digits.slice(i * 64, (i + 1) * 64));
}
