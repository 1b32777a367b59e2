import type { Agent, SubnetTemplate } from "../../../shared/template.ts";
import type { Json } from "../../../shared/types.ts";
import { HONEST_GROUP, honestField, withAttack } from "../../../simulator/attack-scenario.ts";
import { attackers, earnedIn, sumOf } from "../../../simulator/criteria/cumulative-incentive.ts";
import type { MinerGroup, ValidatorGroup } from "../../../simulator/scenario.ts";
import trainingProof from "../../../subnets/training-proof/index.ts";
import { startSolving, type Training } from "../../../subnets/training-proof/solution.ts";
import type { OfferRequest } from "../../../subnets/training-proof/synapse-offer.ts";
import { SMALL_JOB } from "./play-solvers.ts";

/** Incentive of all epochs: of the forger, of the mean honest solver, and of the one that validators may treat apart. */
export type Incomes = { forger: number; honest: number; victim: number };

/** Groups of one solver each. */
export const FORGER = "forger";
export const VICTIM = "victim";
const HONEST = 2;

/** Three honest solvers and one that trains like this, each with jobs of its own, as the simulator pays them. */
export async function incomesWith(
  training: (epochSeed: string) => Training,
  {
    epochs,
    seed,
    config,
    validators,
  }: { epochs: number; seed: string; config?: object; validators?: ValidatorGroup[] },
): Promise<Incomes> {
  const forger: Agent = {
    ...{ name: FORGER, describe: "trains as the criterion says", cost: 1 },
    async answer(request, miner) {
      if (miner.synapse !== "offer") return miner.honest();
      const { job } = request as OfferRequest;
      return { accepted: startSolving(job, miner, training(job.jobId)), reason: "" };
    },
  };
  const template = { ...trainingProof, agents: [forger] } as unknown as SubnetTemplate<unknown, Json, Json>;
  const field = honestField({
    ...{ template: template.id, config: { ...SMALL_JOB, solversPerJob: 1, ...config } },
    ...{ epochs, runs: 1, seed, engine: "float" },
  });
  const miners: MinerGroup[] = field.miners.map((group) => ({ ...group, count: HONEST }));
  const victim: MinerGroup = { ...miners[0]!, name: VICTIM, count: 1 };
  const scenario = withAttack(
    { ...field, miners, ...(validators && { validators }) },
    { name: FORGER, describe: "of the criterion", miners: [attackers(FORGER), victim] },
  );
  const earned = await earnedIn(scenario, template);
  return {
    forger: sumOf(earned, FORGER),
    honest: sumOf(earned, HONEST_GROUP) / HONEST,
    victim: sumOf(earned, VICTIM),
  };
}
