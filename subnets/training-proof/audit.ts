import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { TrainingJob } from "./job.ts";

export function pickIntervals(
  job: TrainingJob,
  audit: string,
  solver: Hotkey,
  losses: Float32Array,
): number[] {
  const { intervals, stepsPerInterval, audits } = job;
  const seed = childSeed(new Uint8Array(Buffer.from(audit, "hex")), solver);
  const picks = new Set(randomFrom(seed).sample(intervals, Math.min(audits, intervals)));
  picks.add(0).add(intervals - 1);
  const at = (i: number) => losses[Math.min(losses.length - 1, i * stepsPerInterval)]!;
  const drops = Array.from({ length: intervals }, (_, i) => ({ i, drop: at(i) - at(i + 1) }));
  drops.sort((a, b) => b.drop - a.drop || a.i - b.i);
  for (const { i } of drops.slice(0, 2)) picks.add(i);
  return [...picks].sort((a, b) => a - b);
}
