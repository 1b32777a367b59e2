import { childSeed, randomFrom } from "../../../shared/rules/beacon.ts";
import { initialState } from "../../../subnets/training-proof/arithmetic.ts";
import { stepsOf, trainSteps } from "../../../subnets/training-proof/interval.ts";
import type { Training } from "../../../subnets/training-proof/solution.ts";

/**
 * Leaves out the later half of the steps in some intervals that it draws, never the first or the last, which are always
 * looked at. It tells the losses that honest steps have, so that neither these nor their drops give it away: the hardest
 * to find, and no cheaper than honest work. What it could save, `share` of half the work, is not counted for it.
 *
 * @param share - Of all intervals, 0..1.
 */
export function scattered(share: number, seed: string): Training {
  return async (job, { runGraph }) => {
    const { intervals, stepsPerInterval } = job;
    const random = randomFrom(childSeed(new Uint8Array(32), `scattered ${seed}`));
    const forged = new Set(
      random.sample(intervals - 2, Math.round(share * intervals)).map((interval) => interval + 1),
    );
    const states = [initialState(job)];
    const losses = new Float32Array(intervals * stepsPerInterval);
    for (let interval = 0; interval < intervals; interval++) {
      const { from, count } = stepsOf(job, interval);
      const honest = await trainSteps(job, states[interval]!, { from, count }, runGraph);
      const half = { from, count: Math.ceil(count / 2) };
      const kept = forged.has(interval) ? await trainSteps(job, states[interval]!, half, runGraph) : honest;
      states.push(kept.state);
      losses.set(honest.losses, from);
    }
    return { states, losses };
  };
}
