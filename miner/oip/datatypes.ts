import type { Dtype } from "../../shared/tensor.ts";

/**
 * Element types as the Open Inference Protocol names them. BYTES, its strings, is left out: no tensor of ours carries
 * them, and a model with such a port is refused when it is loaded.
 *
 * Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md.
 */
const DATATYPES: Record<Dtype, string> = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
};

const DTYPES = new Map(Object.entries(DATATYPES).map(([dtype, name]) => [name, dtype as Dtype]));

/** Names a client may use. */
export const DATATYPE_NAMES: readonly string[] = [...DTYPES.keys()];

export function datatypeOf(dtype: Dtype): string {
  return DATATYPES[dtype];
}

/** @returns undefined for a name that is none, or none of ours. */
export function dtypeOf(datatype: unknown): Dtype | undefined {
  return typeof datatype === "string" ? DTYPES.get(datatype) : undefined;
}
