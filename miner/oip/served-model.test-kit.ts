import { SubforgeError } from "../../shared/errors.ts";
import type { Tensor, Tensors } from "../../shared/tensor.ts";
import { checkFeeds } from "../inference/feeds.ts";
import type { ServedModel } from "../inference/served-model.ts";

/** A model without a process, which doubles float32 [rows, 2] and int64 [rows]. Whoever asks waits while it is held. */
export function doublingModel(name = "double") {
  let release: (() => void) | undefined;
  let held: Promise<void> | undefined;
  /** The shares of the queue with which it was asked. */
  const asked: (number | undefined)[] = [];
  const model: { -readonly [Key in keyof ServedModel]: ServedModel[Key] } = {
    ...{ name, sha256: "00".repeat(32), device: "cpu", isReady: true, waiting: 0 },
    info: {
      inputs: [
        { name: "x", dtype: "float32", shape: [null, 2] },
        { name: "n", dtype: "int64", shape: [null] },
      ],
      outputs: [
        { name: "y", dtype: "float32", shape: [null, 2] },
        { name: "m", dtype: "int64", shape: [null] },
      ],
      ...{ opset: 17, nodes: 2, bytes: 100, externalFiles: [] },
    },
    async infer(feeds: Tensors, signal: AbortSignal, share?: number): Promise<Tensors> {
      checkFeeds(feeds, model.info);
      asked.push(share);
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new SubforgeError("INFERENCE_DEADLINE", {})));
      });
      await Promise.race([held, aborted]);
      const { x, n } = feeds as { x: Tensor<"float32">; n: Tensor<"int64"> };
      return { y: { ...x, data: x.data.map((v) => 2 * v) }, m: { ...n, data: n.data.map((v) => 2n * v) } };
    },
  };
  return {
    model,
    asked,
    hold: () => {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => {
      release?.();
      held = undefined;
    },
  };
}

/** One row for it, in JSON. */
export const ROW = {
  inputs: [
    { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] },
    { name: "n", datatype: "INT64", shape: [1], data: [3] },
  ],
};
