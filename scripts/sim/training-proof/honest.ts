import { inspectModel } from "../../../miner/inference/model-guard.ts";
import { openSession, type Session } from "../../../miner/inference/session.ts";
import { graphOf } from "../../../subnets/training-proof/arithmetic.ts";
import type { TrainingJob } from "../../../subnets/training-proof/job.ts";
import { train } from "../../../subnets/training-proof/solution.ts";
import { playSolvers } from "./play-solvers.ts";

const TRIALS = 1_000;
/** Solvers that are played at once: their states are kept in memory. */
const AT_ONCE = 25;
const THREADS = [1, 2, 4];

/** Solvers that train by a runtime with so many threads each, and a verifier that runs them again by plain arithmetic. */
export async function measureHonest(mode: "grid" | "fp32"): Promise<{ measured: string; pass: boolean }> {
  const sessions = new Map<number, Session>();
  const sessionOf = async (job: TrainingJob, threads: number) => {
    const known = sessions.get(threads) ?? (await open(graphOf(job), threads));
    sessions.set(threads, known); // all jobs of one network have one graph
    return known;
  };
  let rejected = 0;
  let worst = 0;
  for (let done = 0; done < TRIALS; done += AT_ONCE) {
    const { solvers } = await playSolvers({
      ...{ count: AT_ONCE, seed: `honest ${mode} ${done}`, config: { mode } },
      training: (i) => async (job, tools) => {
        const session = await sessionOf(job, THREADS[i % THREADS.length]!);
        return train(job, { ...tools, runGraph: (_, feeds) => session.run(feeds) });
      },
    });
    rejected += solvers.filter(({ isAccepted }) => !isAccepted).length;
    for (const { facts } of solvers) worst = Math.max(worst, Number(facts.worst ?? 0));
  }
  for (const session of sessions.values()) await session.release();
  const distance = mode === "fp32" ? `, largest distance ${worst.toExponential(1)}` : "";
  return {
    measured: `${rejected} of ${TRIALS} with ${THREADS.join(", ")} threads${distance}`,
    pass: rejected <= (mode === "grid" ? 0 : TRIALS / 1_000),
  };
}

function open(bytes: Uint8Array, threads: number): Promise<Session> {
  const path = "training-proof.onnx";
  const { info, arithmetic } = inspectModel(bytes, path);
  return openSession({ path, bytes, info, arithmetic, sha256: "" }, { device: "cpu", threads });
}
