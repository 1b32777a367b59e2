import { parseConfig } from "../../shared/rules/config.ts";
import { type Averages, updateAverages } from "../../shared/rules/moving-average.ts";
import { toUidWeights } from "../../shared/rules/participants.ts";
import { linear } from "../../shared/rules/shape.ts";
import type { LaterStage, RawScore, SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey, Json } from "../../shared/types.ts";
import { agents } from "./agents.ts";
import { planCommits, planOpens, planReruns } from "./audit-stages.ts";
import { type TrainingProofConfig, trainingProofConfig } from "./config.ts";
import { disputesOf, planDisputes } from "./dispute.ts";
import { ask, dueRound, type Round, roundOf } from "./round.ts";
import { scoreOf, type TimeOuts, updateTimeOuts } from "./score.ts";
import { referee } from "./source-referee.ts";
import { rerun } from "./source-rerun.ts";
import { commit } from "./synapse-commit.ts";
import { dispute } from "./synapse-dispute.ts";
import { evaluate } from "./synapse-eval.ts";
import { offer } from "./synapse-offer.ts";
import { open } from "./synapse-open.ts";
import { judge } from "./verdicts.ts";

/** Share of a new score in the running one. */
const ALPHA = 0.2;

/** Stages of an audit and of a dispute, side by side, each after another one. */
const LATER = [
  ["open", "commit"],
  ["intervals", "commit"],
  ["rerun", "open"],
  ["steps", "intervals"],
  ["operators", "steps"],
  ["inputs", "operators"],
  ["referee", "inputs"],
] as const;

type State = { averages: Averages; timeOuts: TimeOuts; round: Round | null };

/**
 * Solvers train what they are asked to, and are bound on chain to every state on the way. Validators run a few intervals
 * again that nobody could foresee, and pay for verified steps.
 */
const trainingProof: SubnetTemplate<TrainingProofConfig, Json, State> = {
  id: "training-proof",
  version: "1",
  parseConfig: (input) => parseConfig("training-proof", trainingProofConfig, input),
  synapses: { offer, commit, open, eval: evaluate, dispute },
  sources: { rerun, referee },
  initialState: () => ({ averages: {}, timeOuts: {}, round: null }),

  planEpoch(context, state) {
    const offers = (roundOf(context)?.assignments ?? []).flatMap(({ job, solvers }, i) => {
      const to = solvers.filter((solver) => solver !== context.validator);
      return to.length > 0 ? [ask(`offer-${i}`, "offer", to, { job })] : [];
    });
    const due = dueRound(state.round, context);
    const commits = due ? planCommits(context, due) : [];
    if (commits.length === 0) return { jobs: offers };
    return { jobs: [...offers, ...commits], later: LATER.map(([stage, of]) => after(stage, of)) };
  },

  planStage(context, state, transcripts) {
    const due = dueRound(state.round, context);
    if (!due) return [];
    if (context.stage === "open") return planOpens(context, due, transcripts);
    if (context.stage === "rerun") return planReruns(context, due, transcripts);
    return planDisputes(context.stage, disputesOf(context, due, transcripts), transcripts);
  },

  scoreEpoch(context, transcripts, state) {
    const registered = new Set(context.participants.map(({ hotkey }) => hotkey));
    const due = dueRound(state.round, context);
    const verdicts = due ? judge(context, due, transcripts) : new Map();
    const timeOuts = updateTimeOuts(state.timeOuts, verdicts, registered, context.config.timeOutEpochs);
    const raw = new Map<Hotkey, RawScore>();
    for (const [solver, verdict] of verdicts)
      raw.set(solver, scoreOf(verdict, context.config, solver in state.timeOuts));
    const values = new Map([...raw].map(([solver, { score }]) => [solver, score] as const));
    const averages = updateAverages(state.averages, values, registered, ALPHA);
    const evidence = [...verdicts].map(([hotkey, verdict]) => ({
      hotkey,
      taskId: "epoch",
      facts: {
        ...{ ...raw.get(hotkey)!, outcome: verdict.outcome, average: averages[hotkey] ?? 0 },
        ...verdict.facts,
        ...(hotkey in timeOuts && { timeOutEpochs: timeOuts[hotkey]! }),
      },
    }));
    const kept = state.round && !due && state.round.epoch + context.config.deadlineEpochs > context.epoch;
    const round = roundOf(context) ?? (kept ? state.round : null);
    return { raw, state: { averages, timeOuts, round }, evidence };
  },

  toWeights({ averages, timeOuts }, { participants }) {
    const solvers = Object.keys(averages).filter((solver) => !(solver in timeOuts));
    const shares = linear(solvers.map((solver) => averages[solver]!));
    return toUidWeights(participants, new Map(solvers.map((solver, i) => [solver, shares[i]!])));
  },

  agents,
  imitate: () => async () => ({}), // no answer comes out of a model: solvers train one
  quickConfig: {
    // So small that it takes milliseconds, and no smaller: whatever the seed, its training must be worth something.
    ...{ dims: [24, 6, 3], intervals: 6, stepsPerInterval: 4, batch: 8, rows: 128, heldOutRows: 64 },
    ...{ learningRate: 0.125, audits: 3, lossTarget: 0.3 },
  },
};

export default trainingProof;

function after(stage: string, afterStage: string): LaterStage {
  return { stage, at: { afterStage, blocks: 0 } };
}
