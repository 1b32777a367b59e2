import type { ModelInfo, ModelPort } from "./model-guard.ts";

/**
 * May the new file take the place of the old one under requests that were made for the old one?
 *
 * @returns undefined when it takes and gives the same tensors, else what differs.
 */
export function samePorts(old: ModelInfo, next: ModelInfo): string | undefined {
  return differing("takes", old.inputs, next.inputs) ?? differing("gives", old.outputs, next.outputs);
}

function differing(verb: string, old: ModelPort[], next: ModelPort[]): string | undefined {
  const [before, after] = [old, next].map((ports) => ports.map(describe).sort().join(", "));
  return before === after
    ? undefined
    : `it ${verb} ${after} where the model that is served ${verb} ${before}`;
}

function describe({ name, dtype, shape }: ModelPort): string {
  return `${name} ${dtype}[${shape?.map((size) => size ?? "?") ?? "?"}]`;
}
