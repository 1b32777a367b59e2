import { trainingProofConfig } from "../../../subnets/training-proof/config.ts";
import { detectionProbability } from "../../../subnets/training-proof/protocol/detection.ts";
import { incomesWith } from "./in-simulator.ts";
import { scattered } from "./scattered.ts";

const SHARES = [0.01, 0.1, 0.5];
const EPOCHS = 12;

/**
 * What forging a share f of the intervals loses on average over what it saves, p (R + F) / (f c), at its smallest over
 * all f: with the shipped configuration, a reward R that is no more than the cost c, and F the pay of the time-out. Then
 * the simulator: what forgers earned, who saved f of the cost, over what honest solvers did.
 */
export async function measureEconomics(): Promise<{ measured: string; pass: boolean }> {
  const { intervals, audits, timeOutEpochs } = trainingProofConfig.parse({});
  const ratios = Array.from({ length: intervals }, (_, i) => {
    const share = (i + 1) / intervals;
    return { share, ratio: (detectionProbability(intervals, i + 1, audits) * (1 + timeOutEpochs)) / share };
  });
  const least = ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  const played: { share: number; perCost: number }[] = [];
  for (const share of SHARES) {
    const { forger, honest } = await incomesWith((id) => scattered(share, id), {
      ...{ epochs: EPOCHS, seed: `economics ${share}` },
    });
    played.push({ share, perCost: forger / (1 - share) / honest });
  }
  const told = played.map(({ share, perCost }) => `f = ${share}: ${perCost.toFixed(2)} per cost`);
  return {
    measured:
      `p (R + F) / (f c) >= ${least.ratio.toFixed(0)}, least at f = ${least.share}: no f breaks even; ` +
      `${EPOCHS} epochs, honest = 1: ${told.join(", ")}`,
    pass: least.ratio > 1 && played.every(({ perCost }) => perCost < 1),
  };
}
