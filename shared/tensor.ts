import { SubforgeError } from "./errors.ts";

/** Element types that may travel, with the typed array that holds them. float16 stays raw bits. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

export type Dtype = keyof typeof ARRAYS;

/** Row-major values with a shape. `data.length` is the product of `shape`; a scalar has shape []. */
export type Tensor<D extends Dtype = Dtype> = {
  dtype: D;
  shape: readonly number[];
  data: InstanceType<(typeof ARRAYS)[D]>;
};

/** Named inputs or outputs of a model. */
export type Tensors = Record<string, Tensor>;

/** @throws SubforgeError TENSOR_INVALID when the values do not fill the shape, or a dimension is no whole number >= 0 */
export function tensor<D extends Dtype>(
  dtype: D,
  shape: readonly number[],
  data: InstanceType<(typeof ARRAYS)[D]>,
): Tensor<D> {
  if (elementCount(shape) !== data.length) {
    throw new SubforgeError("TENSOR_INVALID", {
      problem: `${data.length} values do not fill shape [${shape.join(",")}]`,
    });
  }
  return { dtype, shape, data };
}

export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" &&
    value !== null &&
    "dtype" in value &&
    "shape" in value &&
    "data" in value &&
    ArrayBuffer.isView(value.data)
  );
}

export function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(ARRAYS, value);
}

/** @throws SubforgeError TENSOR_INVALID for a negative, fractional or overflowing dimension */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) {
    count *= dimension;
    if (!Number.isSafeInteger(dimension) || dimension < 0 || !Number.isSafeInteger(count)) {
      throw new SubforgeError("TENSOR_INVALID", { problem: `shape [${shape.join(",")}] is impossible` });
    }
  }
  return count;
}

export function bytesPerElement(dtype: Dtype): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/**
 * A view on little-endian bytes, without a copy where the offset is aligned.
 *
 * @throws SubforgeError TENSOR_INVALID when `bytes` does not hold exactly the shape
 */
export function tensorFromBytes(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): Tensor {
  const count = elementCount(shape);
  const size = bytesPerElement(dtype);
  if (bytes.length !== count * size) {
    throw new SubforgeError("TENSOR_INVALID", {
      problem: `${bytes.length} bytes do not fill ${dtype} [${shape.join(",")}]`,
    });
  }
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer copies nothing
  const data = new ARRAYS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, count);
  return { dtype, shape, data } as Tensor;
}

/**
 * From plain numbers, each of which the type can hold: what it cannot wraps around or is rounded. Not for float16,
 * whose values are raw bits.
 *
 * @throws SubforgeError TENSOR_INVALID when they do not fill the shape
 */
export function tensorFromNumbers(
  dtype: Exclude<Dtype, "float16">,
  shape: readonly number[],
  numbers: readonly number[],
): Tensor {
  const isWide = dtype === "int64" || dtype === "uint64";
  const data = isWide ? new ARRAYS[dtype](numbers.map(BigInt)) : new ARRAYS[dtype](numbers);
  return tensor(dtype, shape, data);
}

/** The little-endian bytes behind a tensor: a view, not a copy. */
export function tensorBytes({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
