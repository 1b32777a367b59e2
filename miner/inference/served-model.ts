import type { Tensors } from "../../shared/tensor.ts";
import type { Device } from "./device.ts";
import type { ModelInfo } from "./model-guard.ts";

/** What everybody outside this folder sees of a model that is being served. It stays the same object when the file is replaced. */
export type ServedModel = {
  /** `[a-z0-9._-]{1,64}`, see `isModelName`. */
  readonly name: string;
  /** Of the bytes that run, 64 hex digits; with external weights, of the digests of all files. */
  readonly sha256: string;
  readonly info: ModelInfo;
  /** Where it runs, undefined while no process has it loaded. */
  readonly device: Device | undefined;
  readonly isReady: boolean;
  /** Requests that wait for a run. */
  readonly waiting: number;
  /**
   * Rows through the model, in company of other requests' rows.
   *
   * @param feeds - One tensor per input of the model; the first dimension counts rows.
   * @param share - Part of the queue that may be taken once this is in it, 0..1. Default 1: all of it.
   * @throws SubforgeError INFERENCE_INPUT, INFERENCE_OVERLOADED, INFERENCE_QUARANTINED, INFERENCE_STOPPED;
   * INFERENCE_DEADLINE when the signal aborts
   */
  infer(feeds: Tensors, signal: AbortSignal, share?: number): Promise<Tensors>;
};

const MODEL_NAME = /^[a-z0-9._-]{1,64}$/;

/** A name may stand in a path of a URL: neither empty nor made of dots alone. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name) && !/^\.+$/.test(name);
}
