import { inspectModel } from "../../miner/inference/model-guard.ts";
import { openSession, type Session } from "../../miner/inference/session.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { graphOf, initialState } from "../../subnets/training-proof/arithmetic.ts";
import { pickIntervals } from "../../subnets/training-proof/audit.ts";
import { trainingProofConfig } from "../../subnets/training-proof/config.ts";
import { stepsOf, trainSteps } from "../../subnets/training-proof/interval.ts";
import type { TrainingJob } from "../../subnets/training-proof/job.ts";
import { hashOfState } from "../../subnets/training-proof/proofs.ts";
import { feedsOfSteps } from "../../subnets/training-proof/rows.ts";
import { bind, type Solution, train } from "../../subnets/training-proof/solution.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";

const ROUNDS = 5;
/** Of one graph in a round, in turns with the other: whatever disturbs the machine for longer than a turn hits both. */
const RUNS_PER_TURN = 20;
const TURNS = 20;
/** Same bits everywhere may cost so many times what plain float32 does. */
const GRID_COST = 1.6;
/** Of the training, in CPU time and in time on the wall. */
const AUDIT_COST = { cpu: 0.05, wall: 0.1 };
const INTERVALS = 1_000;
const AUDITS = 44;
/** Of one training, each with picks of its own: one takes a tenth of a second. */
const VERIFIERS = 5;

/** The one that the bound was measured on, and that of the default job: its operators are so small that their number counts. */
const NETWORK = { dims: [64, 128, 128, 10], batch: 64 };
const SMALL_NETWORK = { dims: [64, 32, 10], batch: 32 };

/** What the same bits everywhere cost, and what it costs to look after a solver, on one thread of the runtime. */
export async function benchTrainingProof(): Promise<{ cases: BenchCase[]; report: string[] }> {
  const cases = [await benchGrid(NETWORK), ...(await benchAudit())];
  const small = await benchGrid(SMALL_NETWORK);
  const [low, high] = small.spread.map((ratio) => (1 / ratio).toFixed(2)).reverse();
  const cost = `${(1 / small.ratio).toFixed(2)} times (${low}..${high})`;
  return { cases, report: [`${small.case}, without a bound: ${cost}.`] };
}

/** One interval of ten steps in grid mode, against the same in float32. */
async function benchGrid({ dims, batch }: { dims: number[]; batch: number }): Promise<BenchCase> {
  const sides = [jobOf({ dims, batch, mode: "grid" }), jobOf({ dims, batch, mode: "fp32" })];
  const opened = await Promise.all(sides.map(open));
  const feeds = sides.map((job) => ({ ...initialState(job), ...feedsOfSteps(job, stepsOf(job, 0)) }));
  const turn = async (side: number) =>
    (await timeOf(() => repeat(opened[side]!, feeds[side]!))).cpuMs / RUNS_PER_TURN;
  for (const side of [0, 1]) for (let i = 0; i < TURNS / 2; i++) await turn(side); // warm
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const spent: [ours: number, peer: number] = [0, 0];
    for (let i = 0; i < TURNS; i++)
      for (const side of [0, 1] as const) spent[side] += (await turn(side)) / TURNS;
    rounds.push({ ours: spent[0], peer: spent[1] });
  }
  for (const session of opened) await session.release();
  const name = `interval of ${dims.join("-")} on batches of ${batch}, against fp32`;
  return compareCosts(name, "ms CPU", 1 / GRID_COST, rounds);
}

async function repeat(session: Session, feeds: Tensors): Promise<void> {
  for (let run = 0; run < RUNS_PER_TURN; run++) await session.run(feeds);
}

/** The intervals that a verifier picks, run and hashed again, against the whole training with its commitment. */
async function benchAudit(): Promise<BenchCase[]> {
  const [cpu, wall]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const job = jobOf({ intervals: INTERVALS, audits: AUDITS, seed: String(round).padStart(64, "0") });
    const session = await open(job);
    const runGraph = (_: Uint8Array, feeds: Tensors) => session.run(feeds);
    feedsOfSteps(job, stepsOf(job, 0)); // both sides have the rows
    let solution: Solution | undefined;
    const training = await timeOf(async () => {
      const signal = new AbortController().signal;
      solution = bind(job, "solver", await train(job, { signal, runGraph }));
    });
    const audits = await timeOf(async () => {
      for (let verifier = 0; verifier < VERIFIERS; verifier++)
        await look(job, solution!, runGraph, String(verifier).padStart(64, "0"));
    });
    cpu.push({ ours: audits.cpuMs / VERIFIERS, peer: training.cpuMs });
    wall.push({ ours: audits.wallMs / VERIFIERS, peer: training.wallMs });
    await session.release();
  }
  const name = `audit of ${AUDITS} of ${INTERVALS} intervals and what is always looked at, against the training`;
  return [
    compareCosts(name, "ms CPU", 1 / AUDIT_COST.cpu, cpu),
    compareCosts(name, "ms", 1 / AUDIT_COST.wall, wall),
  ];
}

async function look(
  job: TrainingJob,
  { states, hashes, losses }: Solution,
  runGraph: (graph: Uint8Array, feeds: Tensors) => Promise<Tensors>,
  beacon: string,
): Promise<void> {
  for (const interval of pickIntervals(job, beacon, "solver", losses)) {
    const { state } = await trainSteps(job, states[interval]!, stepsOf(job, interval), runGraph);
    if (hashOfState(state) !== hashes[interval + 1])
      throw new Error(`interval ${interval} came out otherwise`);
  }
}

async function timeOf(work: () => Promise<void>): Promise<{ cpuMs: number; wallMs: number }> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - start };
}

function jobOf(knobs: Partial<TrainingJob>): TrainingJob {
  const seed = "0".repeat(64);
  return { ...trainingProofConfig.parse({}), jobId: seed.slice(0, 16), seed, ...knobs };
}

function open(job: TrainingJob): Promise<Session> {
  const bytes = graphOf(job);
  const path = "training-proof.onnx";
  const { info, arithmetic } = inspectModel(bytes, path);
  return openSession({ path, bytes, info, arithmetic, sha256: "" }, { device: "cpu", threads: 1 });
}
