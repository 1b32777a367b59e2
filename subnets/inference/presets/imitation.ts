import { quickNormals } from "./noise.ts";
import type { ImitatedModel } from "./preset.ts";

/** Share of an imitated model's errors that all models make, because an item is hard: one of its own, in this range. */
const COMMON = { from: 0.15, to: 0.45 };

/**
 * The errors of an imitated model on the items of `seed`, in their order: normal numbers, mean 0, deviation 1. Partly
 * those of every model, because what is hard is hard for all, else the model's own.
 */
export function imitatedErrors(seed: Uint8Array, model: ImitatedModel): () => number {
  const items = Buffer.from(seed).toString("hex");
  const common = quickNormals(seed, "what is hard");
  const own = quickNormals(model.seed, `errors ${items}`);
  const share = COMMON.from + (COMMON.to - COMMON.from) * (model.seed[0]! / 255);
  const [commonWeight, ownWeight] = [Math.sqrt(share), Math.sqrt(1 - share)];
  return () => commonWeight * common() + ownWeight * own();
}

/**
 * How clearly a model of this skill sees the truth, in deviations of its errors.
 *
 * @param measured - Clarities at which the preset's quality was found to be 0, 0.1, ..., 1, rising.
 */
export function clarityOf(skill: number, measured: readonly number[]): number {
  const place = Math.min(1, Math.max(0, skill)) * (measured.length - 1);
  const below = Math.min(measured.length - 2, Math.floor(place));
  return measured[below]! + (place - below) * (measured[below + 1]! - measured[below]!);
}
