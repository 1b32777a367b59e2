import { SubforgeError } from "../../shared/errors.ts";
import {
  bytesPerElement,
  elementCount,
  type Tensor,
  type Tensors,
  tensorFromBytes,
} from "../../shared/tensor.ts";
import type { ModelInfo, ModelPort } from "./model-guard.ts";

/**
 * Are these tensors what the model takes? Says so before the runtime does, so that one bad request does not fail
 * the batch it would be part of.
 *
 * @returns Rows: the first dimension that all feeds share, or that of the first one where nothing counts rows.
 * @throws SubforgeError INFERENCE_INPUT
 */
export function checkFeeds(feeds: Tensors, info: ModelInfo): number {
  const names = Object.keys(feeds);
  if (names.length !== info.inputs.length)
    throw refused(`${names.length} inputs instead of ${info.inputs.length}`);
  const perRun = rowsPerRun(info);
  let rows: number | undefined;
  for (const port of info.inputs) {
    const feed = Object.hasOwn(feeds, port.name) ? feeds[port.name] : undefined;
    if (!feed) throw refused(`input ${port.name} is missing`);
    checkPort(feed, port, perRun === 1);
    const first = feed.shape[0] ?? 1;
    if (perRun !== undefined && rows !== undefined && rows !== first)
      throw refused("inputs differ in their number of rows");
    rows ??= first;
  }
  return rows!;
}

/**
 * Rows that one run may have, as far as the file says: Infinity when every input and output has a first dimension
 * that the request chooses, so that rows of different requests may share a run; 1 when it is fixed at one row, so
 * that a request is cut into rows; undefined when only whole requests make sense.
 */
export function rowsPerRun(info: ModelInfo): number | undefined {
  const known = ROWS_PER_RUN.get(info);
  if (known) return known.rows;
  const rows = readRowsPerRun(info);
  ROWS_PER_RUN.set(info, { rows });
  return rows;
}

/** Asked with every request; a model does not change. */
const ROWS_PER_RUN = new WeakMap<ModelInfo, { rows: number | undefined }>();

function readRowsPerRun({ inputs, outputs }: ModelInfo): number | undefined {
  const sizes = new Set(
    [...inputs, ...outputs].map(({ shape }) => (shape?.length ? (shape[0] ?? "any") : "unknown")),
  );
  const [size] = sizes;
  if (sizes.size !== 1 || (size !== "any" && size !== 1)) return undefined;
  return size === "any" ? Number.POSITIVE_INFINITY : 1;
}

/** The smallest feeds the file allows, all zeros; undefined when it leaves sizes other than the rows open. */
export function zeroRow(info: ModelInfo): Tensors | undefined {
  if (info.inputs.some(({ shape }) => shape?.slice(1).includes(null) ?? true)) return undefined;
  const feeds: Tensors = {};
  for (const { name, dtype, shape } of info.inputs) {
    const one = shape!.map((size) => size ?? 1);
    feeds[name] = tensorFromBytes(dtype, one, new Uint8Array(elementCount(one) * bytesPerElement(dtype)));
  }
  return feeds;
}

/** Does the file leave nothing open but the rows? Then all requests that pass `checkFeeds` have the same `rowKey`. */
export function hasOneRowKey({ inputs }: ModelInfo): boolean {
  return inputs.every(({ shape }) => shape !== null && !shape.slice(1).includes(null));
}

/** Requests of one key may share a batch: same names, types and shapes apart from the rows. */
export function rowKey(feeds: Tensors): string {
  return Object.keys(feeds)
    .sort()
    .map((name) => `${name}:${feeds[name]!.dtype}[${feeds[name]!.shape.slice(1).join(",")}]`)
    .join(";");
}

/** One request's feeds for the rows `from`..`to`, as views. */
export function sliceRows(tensors: Tensors, from: number, to: number): Tensors {
  return mapTensors(tensors, ({ dtype, shape, data }) => {
    const width = elementCount(shape.slice(1));
    return {
      dtype,
      shape: [to - from, ...shape.slice(1)],
      data: data.subarray(from * width, to * width),
    } as Tensor;
  });
}

/** The rows of one run for those they belong to, in order, as views: `counts` rows each. */
export function* shareRows(outputs: Tensors, counts: Iterable<number>): Generator<Tensors> {
  const columns = Object.entries(outputs).map(([name, { dtype, shape, data }]) => {
    const rest = shape.slice(1);
    return { name, dtype, rest, width: elementCount(rest), data };
  });
  let from = 0;
  for (const count of counts) {
    const share: Tensors = {};
    for (const { name, dtype, rest, width, data } of columns) {
      const rows = data.subarray(from * width, (from + count) * width);
      share[name] = { dtype, shape: [count, ...rest], data: rows } as Tensor;
    }
    yield share;
    from += count;
  }
}

/** The rows of several requests one below the other. All must have the same `rowKey`. One alone is not copied. */
export function joinRows(parts: readonly Tensors[]): Tensors {
  return parts.length === 1 ? parts[0]! : joinRowsApart(parts);
}

/** `joinRows` into memory of its own, always. */
export function joinRowsApart(parts: readonly Tensors[]): Tensors {
  return mapTensors(parts[0]!, ({ dtype, shape, data }, name) => {
    const length = parts.reduce((sum, part) => sum + part[name]!.data.length, 0);
    const joined = new (data.constructor as new (length: number) => typeof data)(length);
    let at = 0;
    for (const part of parts) {
      (joined as Float32Array).set(part[name]!.data as Float32Array, at); // all of one element type
      at += part[name]!.data.length;
    }
    if (parts.length === 1) return { dtype, shape, data: joined } as Tensor;
    const rows = parts.reduce((sum, part) => sum + part[name]!.shape[0]!, 0);
    return { dtype, shape: [rows, ...shape.slice(1)], data: joined } as Tensor;
  });
}

function checkPort({ dtype, shape, data }: Tensor, port: ModelPort, cutsRows: boolean): void {
  const { name, shape: expected } = port;
  if (dtype !== port.dtype) throw refused(`input ${name} is ${dtype} instead of ${port.dtype}`);
  if (elementCount(shape) !== data.length) throw refused(`input ${name} does not fill its shape`);
  if (!expected) return;
  const fits =
    shape.length === expected.length &&
    expected.every((size, i) => size === null || size === shape[i] || (cutsRows && i === 0));
  if (!fits) throw refused(`input ${name} is [${shape}] instead of [${expected.map((size) => size ?? "?")}]`);
}

function mapTensors(tensors: Tensors, map: (tensor: Tensor, name: string) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor, name)]));
}

function refused(problem: string): SubforgeError {
  return new SubforgeError("INFERENCE_INPUT", { problem });
}
