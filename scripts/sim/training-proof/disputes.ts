import { train } from "../../../subnets/training-proof/solution.ts";
import type { RefereeTask } from "../../../subnets/training-proof/source-referee.ts";
import { playSolvers, SMALL_JOB } from "./play-solvers.ts";
import { scattered } from "./scattered.ts";

const SOLVERS = 40;
/** One forger beside three honest solvers, on average. */
const PER_JOB = 4;

/**
 * Forgers of a single interval among honest solvers of the same jobs. An audit meets less than half of them; all end at
 * other states than the honest ones.
 */
export async function measureDisputes(): Promise<{ measured: string; pass: boolean }> {
  const { intervals, stepsPerInterval } = SMALL_JOB;
  const isForger = (i: number) => i % PER_JOB === 0;
  const { solvers, transcripts } = await playSolvers({
    ...{ count: SOLVERS, seed: "disputes", config: { solversPerJob: PER_JOB } },
    training: (i) => (isForger(i) ? scattered(1 / intervals, `disputes ${i}`) : train),
  });
  const forgers = solvers.filter((_, i) => isForger(i));
  const caught = forgers.filter(({ isAccepted }) => !isAccepted).length;
  const wronged = solvers.filter(({ isAccepted }, i) => !isForger(i) && !isAccepted).length;
  const rounds = new Map<string, number>();
  const operators: boolean[] = [];
  for (const { job } of transcripts) {
    if (job.synapse === "dispute") {
      const id = job.taskId.slice(job.taskId.indexOf("-") + 1);
      rounds.set(id, (rounds.get(id) ?? 0) + 1);
    }
    if (job.synapse === "referee") operators.push(Number.isInteger((job.task as RefereeTask).operator));
  }
  const most = Math.max(...rounds.values());
  const bound = Math.ceil(Math.log2(intervals)) + Math.ceil(Math.log2(stepsPerInterval));
  return {
    measured:
      `${caught} of ${forgers.length} forgers lost, ${wronged} honest solvers did; at most ${most} rounds ` +
      `(${bound} without those for nodes); ${operators.length} disputes ended at one operator`,
    pass:
      caught === forgers.length &&
      wronged === 0 &&
      most <= bound &&
      operators.length > 0 &&
      operators.every((isOne) => isOne),
  };
}
