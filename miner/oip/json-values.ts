import { type Dtype, elementCount, type Tensor, tensorFromNumbers } from "../../shared/tensor.ts";
import { datatypeOf } from "./datatypes.ts";
import { oipInvalid } from "./invalid.ts";

/**
 * Numbers that one request or reply may spell out in JSON. They are parsed on the loop that serves everybody; beyond it
 * binary data costs a hundredth.
 */
export const MAX_JSON_VALUES = 16_384;

type NumberDtype = Exclude<Dtype, "float16">;

/** What fits. Numbers of JSON are exact up to 2^53 only, so wider integers are refused there instead of rounded. */
const INTEGERS: Record<Exclude<NumberDtype, "float32" | "float64">, [min: number, max: number]> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

/**
 * The `data` of an input: a flat list in row-major order, or lists nested as the shape says.
 *
 * @param name - As it is to be printed.
 * @param room - Values that may still be spelled out.
 * @throws SubforgeError OIP_INVALID
 */
export function tensorFromJson(
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  data: unknown,
  room: number,
): Tensor {
  if (dtype === "float16") throw oipInvalid(`${name}: FP16 has no form in JSON; send it as binary data`);
  const count = elementCount(shape);
  if (count > room) {
    throw oipInvalid(
      `${name}: more than ${MAX_JSON_VALUES} values in JSON; send them as binary data (binary_data_size)`,
    );
  }
  if (!Array.isArray(data)) throw oipInvalid(`${name}: data is no list`);
  const values: unknown[] = [];
  if (data.some(Array.isArray)) flatten(name, data, shape, values);
  else values.push(...data.slice(0, count + 1));
  if (values.length !== count) throw oipInvalid(`${name}: data does not fill shape [${shape}]`);
  const numbers = values.map((value) => {
    const number = checkedNumber(value, dtype);
    if (number === undefined) throw oipInvalid(`${name}: data holds a value that is no ${datatypeOf(dtype)}`);
    return number;
  });
  return tensorFromNumbers(dtype, shape, numbers);
}

/** A list of `shape[0]` lists of `shape[1]` ... : a deeper or ragged one is none, so the walk ends with the shape. */
function flatten(name: string, data: unknown, shape: readonly number[], into: unknown[]): void {
  const [size, ...rest] = shape;
  if (!Array.isArray(data) || data.length !== size)
    throw oipInvalid(`${name}: the lists of data are not nested as its shape says`);
  for (const item of data) {
    if (rest.length > 0) flatten(name, item, rest, into);
    else into.push(item);
  }
}

function checkedNumber(value: unknown, dtype: NumberDtype): number | undefined {
  if (dtype === "bool" && typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "number") return undefined;
  // 1e999 is valid JSON, and what a float32 cannot hold becomes infinite.
  if (dtype === "float32") return Number.isFinite(Math.fround(value)) ? value : undefined;
  if (dtype === "float64") return Number.isFinite(value) ? value : undefined;
  const [min, max] = INTEGERS[dtype];
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

/**
 * The `data` of an output: a flat list as JSON text.
 *
 * @throws SubforgeError OIP_INVALID for what JSON cannot say; the caller may have it as binary data
 */
export function tensorToJson(name: string, { dtype, data }: Tensor): string {
  const wanted = `ask for ${name} as binary data (binary_data: true)`;
  if (data.length > MAX_JSON_VALUES) throw oipInvalid(`more than ${MAX_JSON_VALUES} values: ${wanted}`);
  if (dtype === "float16") throw oipInvalid(`FP16 has no form in JSON: ${wanted}`);
  if (dtype === "bool") return `[${Array.from(data as Uint8Array, (value) => value !== 0).join()}]`;
  if (dtype === "float32" || dtype === "float64") {
    if (!(data as Float32Array).every(Number.isFinite))
      throw oipInvalid(`values that are not finite have no form in JSON: ${wanted}`);
  }
  return `[${data.join()}]`; // all digits of a 64-bit integer
}
