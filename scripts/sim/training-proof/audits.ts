import { childSeed } from "../../../shared/rules/beacon.ts";
import { createContext } from "../../../simulator/template-checks/field.ts";
import { pickIntervals } from "../../../subnets/training-proof/audit.ts";
import trainingProof from "../../../subnets/training-proof/index.ts";
import { drawJobs } from "../../../subnets/training-proof/job.ts";
import { train } from "../../../subnets/training-proof/solution.ts";
import { type PlayedSolvers, playSolvers } from "./play-solvers.ts";

const SOLVERS = 20;
const MOST_COST = 0.05;

/** Honest solvers whose commitment stands on chain a block before the beacon of the audits, or in its very block. */
export async function measureLateCommitment(): Promise<{ measured: string; pass: boolean }> {
  const acceptedAt = async (blocksBefore: number) => {
    const { solvers } = await playSolvers({
      ...{ count: SOLVERS, seed: "late", training: () => train, config: { intervals: 20, audits: 8 } },
      onChain: (participant, startBlock) =>
        participant.commitment
          ? { ...participant, commitment: { ...participant.commitment, block: startBlock - blocksBefore } }
          : participant,
    });
    return solvers.filter(({ isAccepted }) => isAccepted).length;
  };
  const [early, late] = [await acceptedAt(1), await acceptedAt(0)];
  return {
    measured: `${early} of ${SOLVERS} accepted a block before the beacon, ${late} in its block`,
    pass: early === SOLVERS && late === 0,
  };
}

/** Solvers that trained as they should, and open nothing; and some that swear to the root of somebody else. */
export async function measureRefusal(): Promise<{ measured: string; pass: boolean }> {
  const how = { count: SOLVERS, training: () => train, config: { intervals: 20, audits: 8 } };
  const accepted = ({ solvers }: PlayedSolvers) => solvers.filter(({ isAccepted }) => isAccepted).length;
  const silent = accepted(await playSolvers({ ...how, seed: "silent", silentIn: "open" }));
  const copied = accepted(await playSolvers({ ...how, seed: "copied", rootOf: "5Somebody" }));
  return {
    measured: `${silent} of ${SOLVERS} accepted that open nothing, ${copied} of ${SOLVERS} with a copied root`,
    pass: silent === 0 && copied === 0,
  };
}

/** Most intervals that are run again of a training of 1,000, over many beacons. */
export async function measureAuditCost(): Promise<{ measured: string; pass: boolean }> {
  const intervals = 1_000;
  const config = trainingProof.parseConfig({ intervals });
  const { job } = drawJobs(createContext(["5Solver"], 0, "cost", config))[0]!;
  const losses = Float32Array.from({ length: intervals * job.stepsPerInterval }, (_, step) => 1 / (1 + step));
  const counts = Array.from({ length: 200 }, (_, i) => {
    const audit = Buffer.from(childSeed(new Uint8Array(32), `cost ${i}`)).toString("hex");
    return pickIntervals(job, audit, "5Solver", losses).length;
  });
  const cost = Math.max(...counts) / intervals;
  return {
    measured: `at most ${Math.max(...counts)} of ${intervals} intervals: ${(100 * cost).toFixed(1)} %`,
    pass: cost <= MOST_COST,
  };
}
