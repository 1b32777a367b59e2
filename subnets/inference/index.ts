import { parseConfig } from "../../shared/rules/config.ts";
import { type Averages, updateAverages } from "../../shared/rules/moving-average.ts";
import { toUidWeights } from "../../shared/rules/participants.ts";
import type { Job, SubnetTemplate } from "../../shared/template.ts";
import { agents } from "./agents.ts";
import { type Pairs, pairsAmong, updatePairs } from "./alike.ts";
import { type AuditTask, audit, judgeAudits, planAudits } from "./audit.ts";
import { type InferenceConfig, inferenceConfig } from "./config.ts";
import { type Copies, findCopies } from "./copies.ts";
import { imitate } from "./imitate.ts";
import { keepLedger } from "./ledger.ts";
import { type InferenceTask, planQuestions } from "./questions.ts";
import { ALPHA, CUT, scorePage, toShares } from "./score.ts";
import { type TimeOuts, updateTimeOuts, validityOf } from "./standing.ts";
import { commit } from "./synapse-commit.ts";
import { reveal } from "./synapse-reveal.ts";

type State = { averages: Averages; copies: Copies; pairs: Pairs; timeOuts: TimeOuts };

/**
 * Miners serve a model. Validators draw items nobody has seen, know what is true of them, and pay for good and calibrated
 * answers: committed to before they are shown, and now and then compared with what the committed model says.
 */
const inference: SubnetTemplate<InferenceConfig, InferenceTask | AuditTask, State> = {
  id: "inference",
  version: "2",
  parseConfig: (input) => parseConfig("inference", inferenceConfig, input),
  synapses: { commit, reveal },
  sources: { audit },
  initialState: () => ({ averages: {}, copies: {}, pairs: {}, timeOuts: {} }),

  planEpoch(context) {
    const jobs = planQuestions(context);
    if (jobs.length === 0) return { jobs };
    // Audits have the next epoch's time, so that an epoch is not longer because models are fetched in it.
    const audits = context.config.auditShare > 0 ? [{ stage: "audit", at: { epochsLater: 1 } }] : [];
    return { jobs, later: [{ stage: "reveal", at: { afterStage: "commit", blocks: 0 } }, ...audits] };
  },

  planStage(context, _, transcripts) {
    if (context.stage === "audit") return planAudits(context, transcripts);
    return transcripts
      .filter(({ job }) => job.stage === "commit")
      .map(({ job, answers }): Job<InferenceTask> => {
        const to = [...answers].flatMap(([hotkey, { ok }]) => (ok ? [hotkey] : [])).sort();
        const taskId = job.taskId.replace("commit", "reveal");
        return { taskId, stage: "reveal", synapse: "reveal", to, task: job.task as InferenceTask };
      });
  },

  scoreEpoch(context, transcripts, state) {
    const { config, participants } = context;
    const registered = new Set(participants.map(({ hotkey }) => hotkey));
    const pages = keepLedger(transcripts);
    const verdicts = judgeAudits(transcripts, config.auditTolerance);
    const timeOuts = updateTimeOuts(state.timeOuts, verdicts, registered, config.timeOutEpochs);
    const validity = validityOf(context, { pages, verdicts, timeOuts: { ...state.timeOuts, ...timeOuts } });

    const scores = new Map(
      [...pages].map(([hotkey, page]) => {
        const scored = scorePage(page);
        const fault = validity.get(hotkey);
        return [hotkey, fault ? { ...scored, score: 0, reason: fault } : scored] as const;
      }),
    );
    const values = new Map([...scores].map(([hotkey, { score }]) => [hotkey, score] as const));
    const averages = updateAverages(state.averages, values, registered, ALPHA);

    const worth = new Map([...pages].filter(([hotkey]) => values.get(hotkey)! > 0));
    const pairs = updatePairs(pairsAmong(state.pairs, registered), worth);
    const copies = findCopies(state.copies, { pages: worth, pairs, participants, config });

    const best = Math.max(0, ...Object.values(averages));
    const raw = new Map(
      [...scores].map(([hotkey, { score, reason }]) => {
        const copy = copies[hotkey];
        // A copy keeps its average, for the day it stands on its own, but this epoch it earns nothing.
        if (copy && score > 0) return [hotkey, { score: 0, reason: copy.reason }] as const;
        const isCut = reason === "ok" && (averages[hotkey] ?? 0) < CUT * best;
        return [hotkey, { score, reason: isCut ? ("below-baseline" as const) : reason }] as const;
      }),
    );
    const evidence = [...scores].map(([hotkey, entry]) => ({
      hotkey,
      taskId: "epoch",
      facts: {
        ...entry,
        average: averages[hotkey] ?? 0,
        ...(verdicts.has(hotkey) && { audit: verdicts.get(hotkey)! }),
        ...(hotkey in timeOuts && { timeOutEpochs: timeOuts[hotkey]! }),
        ...(hotkey in copies && { copy: copies[hotkey]!, alike: alikeOf(pairs, hotkey) }),
      },
    }));
    return { raw, state: { averages, copies, pairs, timeOuts }, evidence };
  },

  toWeights({ averages, copies, timeOuts }, context) {
    const hotkeys = Object.keys(averages).filter((hotkey) => !(hotkey in copies) && !(hotkey in timeOuts));
    const shares = toShares(hotkeys.map((hotkey) => averages[hotkey]!));
    return toUidWeights(context.participants, new Map(hotkeys.map((hotkey, i) => [hotkey, shares[i]!])));
  },

  agents,
  imitate: (task, _, hotkey, model) => imitate(task, hotkey, model),
};

export default inference;

/** Whom it is like, and how much, in robust standard deviations from the field. */
function alikeOf(pairs: Pairs, hotkey: string): { [other: string]: number } {
  const own = Object.entries(pairs).filter(([pair]) => pair.split(" ").includes(hotkey));
  return Object.fromEntries(own.map(([pair, [z]]) => [pair.replace(hotkey, "").trim(), z]));
}
