import { type Tensor, tensor } from "../../shared/tensor.ts";
import { initialState, runSteps } from "./arithmetic.ts";
import type { State } from "./graph/network.ts";
import type { Trained } from "./graph/train-mlp.ts";
import { stepsOf, trainSteps } from "./interval.ts";
import type { TrainingJob } from "./job.ts";
import { feedsOfSteps } from "./rows.ts";
import { type Training, type Trajectory, train } from "./solution.ts";

/** A trajectory that was not trained. `share`: how much of it is not, 0..1, where that can be chosen. */
export type Forgery = (share: number) => Training;

/** Letters as the literature on spoofs of proofs of learning has them (Jia 2021, Zhang 2022, Fang 2023). */
export const FORGERIES: Readonly<Record<"a" | "b" | "c" | "d" | "e" | "f" | "g" | "h", Forgery>> = {
  /** A straight line from the beginning to a model that was stolen. */
  a: () => async (job, tools) => {
    const { states, losses } = await train(job, tools);
    const [first, last] = [states[0]!, states.at(-1)!];
    return { losses, states: states.map((_, i) => between(first, last, i / job.intervals)) };
  },
  /** Steps too small to be told from none. */
  b: () => (job, tools) => train({ ...job, learningRate: job.learningRate / 1_024 }, tools),
  /** In a share of the intervals half of the steps are left out. */
  c: (share) => (job, tools) =>
    walk(job, (state, interval) => {
      const isCut = Math.floor(interval * share) !== Math.floor((interval + 1) * share);
      if (isCut) return runSteps(job, state, halved(job, interval), tools.runGraph);
      return trainSteps(job, state, stepsOf(job, interval), tools.runGraph);
    }),
  /** Work for a while, and copies of its last state from there on. */
  d: (share) => (job, tools) =>
    walk(job, async (state, interval) =>
      interval < job.intervals * (1 - share)
        ? trainSteps(job, state, stepsOf(job, interval), tools.runGraph)
        : standStill(job, state),
    ),
  /** Inputs made to give the wanted steps: rows of another problem. */
  e: () => (job, tools) =>
    walk(job, (state, interval) => {
      const { LR } = feedsOf(job, interval);
      return runSteps(job, state, { ...feedsOf(another(job), interval), LR: LR! }, tools.runGraph);
    }),
  /** Checkpoints of another job under a new name. */
  f: () => (job, tools) => train(another(job), tools),
  /** Only the intervals in which the least happens are forged: the last ones but one. */
  g: (share) => (job, tools) =>
    walk(job, async (state, interval) => {
      const fromEnd = job.intervals - 1 - interval;
      const isForged = fromEnd > 0 && fromEnd <= Math.ceil(share * job.intervals);
      return isForged
        ? standStill(job, state)
        : trainSteps(job, state, stepsOf(job, interval), tools.runGraph);
    }),
  /** One jump to a model that was stolen, as soon as nobody looks on by rule, and honest steps from there. */
  h: () => async (job, tools) => {
    const stolen = (await train(job, tools)).states.at(-1)!;
    return walk(job, async (state, interval) => {
      const done = await trainSteps(job, state, stepsOf(job, interval), tools.runGraph);
      return interval === 1 ? { ...done, state: stolen } : done;
    });
  },
};

type Step = (state: State, interval: number) => Promise<Trained>;

async function walk(job: TrainingJob, step: Step): Promise<Trajectory> {
  const states = [initialState(job)];
  const losses = new Float32Array(job.intervals * job.stepsPerInterval);
  for (let interval = 0; interval < job.intervals; interval++) {
    const done = await step(states[interval]!, interval);
    states.push(done.state);
    losses.set(done.losses, interval * job.stepsPerInterval);
  }
  return { states, losses };
}

function feedsOf(job: TrainingJob, interval: number) {
  return feedsOfSteps(job, stepsOf(job, interval));
}

/** The later half of the steps at a learning rate of 0: as if they had not been taken. */
function halved(job: TrainingJob, interval: number) {
  const feeds = feedsOf(job, interval);
  const rates = Float32Array.from(feeds.LR!.data as Float32Array);
  rates.fill(0, Math.floor(rates.length / 2));
  return { ...feeds, LR: tensor("float32", feeds.LR!.shape, rates) };
}

async function standStill({ stepsPerInterval }: TrainingJob, state: State) {
  return { state, losses: new Float32Array(stepsPerInterval).fill(0.5) };
}

function another(job: TrainingJob): TrainingJob {
  const seed = job.seed.split("").reverse().join("");
  return { ...job, seed, jobId: seed.slice(0, job.jobId.length) };
}

function between(from: State, to: State, way: number): State {
  const mix = (name: string, { shape, data }: Tensor<"float32">) =>
    tensor(
      "float32",
      shape,
      data.map((value, i) => value + way * (to[name]!.data[i]! - value)),
    );
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, mix(name, value)]));
}
