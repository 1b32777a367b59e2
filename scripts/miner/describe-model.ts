import type { ModelInfo, ModelPort } from "../../miner/inference/model-guard.ts";
import { recommendBatching } from "../../miner/inference/recommend-batching.ts";

const MIB = 2 ** 20;

/** @example pixel_values float32[?,3,224,224] → logits float32[?,1000] */
export function describePorts({ inputs, outputs }: Pick<ModelInfo, "inputs" | "outputs">): string {
  return `${inputs.map(describePort).join(", ")} → ${outputs.map(describePort).join(", ")}`;
}

/** What an operator wants to know of a file, a line each. */
export function describeModel(info: ModelInfo): string[] {
  const size = info.bytes >= MIB ? `${(info.bytes / MIB).toFixed(1)} MiB` : `${info.bytes} bytes`;
  const beside = info.externalFiles.length > 0 ? `; weights beside it: ${info.externalFiles.join(", ")}` : "";
  return [
    `model   ${describePorts(info)}`,
    `        opset ${info.opset}; ${info.nodes} nodes; ${size}${beside}`,
    `batch   ${recommendBatching(info).advice}`,
  ];
}

/** May rows of several requests share a run? As far as the file says. */
export function canBatch(info: ModelInfo): boolean {
  return recommendBatching(info).rows === "together";
}

function describePort({ name, dtype, shape }: ModelPort): string {
  return `${name} ${dtype}[${shape?.map((size) => size ?? "?") ?? "?"}]`;
}
