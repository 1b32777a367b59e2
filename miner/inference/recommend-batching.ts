import { rowsPerRun } from "./feeds.ts";
import type { ModelInfo, ModelPort } from "./model-guard.ts";

/** How requests of this model may share a run, and what to change in the file so that they can. */
export type BatchingAdvice = {
  /** `together`: rows of many requests in one run; `row by row`; `whole`: only whole requests make sense. */
  rows: "together" | "row by row" | "whole";
  /** One sentence for the operator. */
  advice: string;
};

/** What `--max-batch-rows` is worth for this file, by what it says about the first dimension of its tensors. */
export function recommendBatching(info: ModelInfo): BatchingAdvice {
  const perRun = rowsPerRun(info);
  const ports = [...info.inputs, ...info.outputs];
  if (perRun === Number.POSITIVE_INFINITY) {
    const open = info.inputs.flatMap(({ name, shape }) => (shape?.slice(1).includes(null) ? [name] : []));
    const limit =
      open.length === 0
        ? "raise --max-batch-rows while latency allows"
        : `only those of one shape share a run, and ${open.join(", ")} has other open sizes: pad requests to a few sizes`;
    return { rows: "together", advice: `requests are batched: ${limit}` };
  }
  if (perRun === 1) {
    const advice =
      "each row is a run of its own: export the model with a dynamic first dimension to batch requests";
    return { rows: "row by row", advice };
  }
  const unlike = ports.find(({ shape }) => shape === null || shape.length === 0) ?? ports.find(isFixed);
  const reason = unlike
    ? `${unlike.name} ${describeFirst(unlike)}`
    : "inputs and outputs count different things";
  return {
    rows: "whole",
    advice: `requests are not batched, as ${reason}: export the model with one dynamic first dimension for all inputs and outputs`,
  };
}

function isFixed({ shape }: ModelPort): boolean {
  return shape?.[0] !== null;
}

function describeFirst({ shape }: ModelPort): string {
  if (shape === null) return "has no declared shape";
  return shape.length === 0 ? "has no dimensions" : `has ${shape[0]} rows, no more and no fewer`;
}
