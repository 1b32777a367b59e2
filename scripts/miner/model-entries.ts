import type { ModelEntry } from "../../miner/inference/model-shelf.ts";
import { DEFAULT_MODEL_NAME } from "../../miner/miner.ts";

/** `./model.onnx` is called `default`, `digits=./model.onnx` is called `digits`. */
export function toModelEntries(models: readonly string[]): ModelEntry[] {
  return models.map((text) => {
    const [, name = DEFAULT_MODEL_NAME, path = text] = /^([a-z0-9._-]{1,64})=(.+)$/s.exec(text) ?? [];
    return { name, path };
  });
}
