import { type Player, playEpoch } from "../../../shared/play-epoch.ts";
import type { Participant, Transcript } from "../../../shared/template.ts";
import type { Hotkey, Json } from "../../../shared/types.ts";
import {
  createBench,
  createContext,
  minerContext,
  NO_MODEL,
  playerAt,
} from "../../../simulator/template-checks/field.ts";
import trainingProof from "../../../subnets/training-proof/index.ts";
import { startSolving, type Training, type Trajectory } from "../../../subnets/training-proof/solution.ts";
import type { OfferRequest } from "../../../subnets/training-proof/synapse-offer.ts";

/** As long and as often looked at as the table wants it, with a network that trains in no time. */
export const SMALL_JOB = {
  ...{ dims: [4, 3, 2], intervals: 100, stepsPerInterval: 2, batch: 4, rows: 32, heldOutRows: 8 },
  ...{ learningRate: 0.25, audits: 44 },
};

export type Solvers = {
  count: number;
  seed: string;
  /** How solver `i` trains. */
  training(i: number): Training;
  /** Of the template, over `SMALL_JOB`. Default: each solver has a job of its own, so nobody disputes. */
  config?: object;
  /** Synapse that they do not answer. */
  silentIn?: string;
  /** Whose root they swear to. Default: their own. */
  rootOf?: Hotkey;
  /** What stands on chain when the audits are drawn. */
  onChain?(participant: Participant, startBlock: number): Participant;
};

/** What was found about one solver. `trajectory` is what it claims. */
export type Judged = {
  hotkey: Hotkey;
  facts: { readonly [fact: string]: Json };
  trajectory: Trajectory;
  isAccepted: boolean;
};

export type PlayedSolvers = { solvers: Judged[]; transcripts: readonly Transcript[] };

/** Offers jobs to solvers in one epoch and judges them in the next, by the template's own code. */
export async function playSolvers(how: Solvers): Promise<PlayedSolvers> {
  const { count, seed, training, config, onChain } = how;
  const hotkeys = Array.from({ length: count }, (_, i) => `5Solver${i}`);
  const trajectories = new Map<Hotkey, Trajectory>();
  const players = new Map(
    hotkeys.map((hotkey, i) => {
      const kept: Training = async (job, tools) => {
        const trajectory = await training(i)(job, tools);
        if (!trajectories.has(hotkey)) trajectories.set(hotkey, trajectory); // the next epoch offers another job
        return trajectory;
      };
      return [hotkey, solverWho(kept, how)] as const;
    }),
  );
  const parsed = trainingProof.parseConfig({ ...SMALL_JOB, solversPerJob: 1, ...config });
  const contextOf = (epoch: number) => createContext(hotkeys, epoch, seed, parsed);
  const offered = await playEpoch(trainingProof, contextOf(0), trainingProof.initialState(), players);
  const template = onChain ? withChain(onChain) : trainingProof;
  const { evidence, transcripts } = await playEpoch(template, contextOf(1), offered.state, players);
  const solvers = hotkeys.map((hotkey): Judged => {
    const { facts } = evidence.find((entry) => entry.hotkey === hotkey)!;
    const isAccepted = (facts as { outcome: string }).outcome === "verified";
    return { hotkey, facts: facts as Judged["facts"], trajectory: trajectories.get(hotkey)!, isAccepted };
  });
  return { solvers, transcripts };
}

/** Trains as it likes, and answers everything else as whoever is bound to that. */
function solverWho(training: Training, { silentIn, rootOf }: Solvers): Player {
  const bench = createBench();
  return playerAt(bench, async ({ synapse, request, hotkey, job }) => {
    const miner = minerContext(hotkey, NO_MODEL, bench);
    if (job.synapse === silentIn) return { response: undefined, latencyMs: 0 };
    if (job.synapse !== "offer") return { response: await synapse.answer(request, miner), latencyMs: 0 };
    const sworn = { ...miner, hotkey: rootOf ?? hotkey };
    const accepted = startSolving((request as OfferRequest).job, sworn, training);
    return { response: { accepted, reason: "" }, latencyMs: 0 };
  });
}

/** The template, told another state of the chain. */
function withChain(onChain: NonNullable<Solvers["onChain"]>): typeof trainingProof {
  const told = <Context extends { participants: readonly Participant[]; startBlock: number }>(
    context: Context,
  ) => ({
    ...context,
    participants: context.participants.map((participant) => onChain(participant, context.startBlock)),
  });
  return {
    ...trainingProof,
    planEpoch: (context, state) => trainingProof.planEpoch(told(context), state),
    planStage: (context, state, transcripts) => trainingProof.planStage!(told(context), state, transcripts),
    scoreEpoch: (context, transcripts, state) => trainingProof.scoreEpoch(told(context), transcripts, state),
  };
}
