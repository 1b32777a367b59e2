import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { TrainingJob } from "./job.ts";

/** Where the loss falls most, so many intervals are looked at whatever is drawn. */
const LARGEST_DROPS = 2;

/**
 * The intervals of a solver that are run again, in order: as many as the job says, drawn from the audit's seed, and with them
 * the first, the last and those in which the committed losses fall most. A single jump to a better model is one bad interval,
 * which a draw alone misses mostly. Where a model has learned all it can there is nothing to jump to.
 *
 * @param audit - Seed of the audit, 64 digits: from a beacon that came after the commitment.
 * @param losses - Of every step, as the solver committed to them.
 */
export function pickIntervals(
  job: TrainingJob,
  audit: string,
  solver: Hotkey,
  losses: Float32Array,
): number[] {
  const { intervals, audits } = job;
  const seed = childSeed(new Uint8Array(Buffer.from(audit, "hex")), solver);
  const drawn = randomFrom(seed).sample(intervals, Math.min(audits, intervals));
  const picks = new Set([...drawn, 0, intervals - 1, ...largestDrops(job, losses)]);
  return [...picks].sort((a, b) => a - b);
}

/**
 * From the interval before to the one after: whatever a solver says of the losses inside a jump, it is one of the two
 * across which they fall most.
 */
function largestDrops({ intervals, stepsPerInterval }: TrainingJob, losses: Float32Array): number[] {
  const means = Array.from({ length: intervals }, (_, i) => {
    const own = losses.subarray(i * stepsPerInterval, (i + 1) * stepsPerInterval);
    return own.reduce((sum, loss) => sum + loss, 0) / stepsPerInterval;
  });
  const drops = means.map((own, i) => (means[i - 1] ?? own) - (means[i + 1] ?? own));
  return drops
    .map((drop, interval) => ({ drop, interval }))
    .sort((a, b) => b.drop - a.drop || a.interval - b.interval)
    .slice(0, LARGEST_DROPS)
    .map(({ interval }) => interval);
}
