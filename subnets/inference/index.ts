import type { Reason } from "../../shared/reasons.ts";
import { parseConfig } from "../../shared/rules/config.ts";
import { type Averages, updateAverages } from "../../shared/rules/moving-average.ts";
import { toUidWeights } from "../../shared/rules/participants.ts";
import type { RawScore, SubnetTemplate, Transcript } from "../../shared/template.ts";
import { agents } from "./agents.ts";
import { type InferenceConfig, inferenceConfig } from "./config.ts";
import { type Copies, findCopies } from "./copies.ts";
import { keepLedger } from "./ledger.ts";
import { type InferenceTask, planQuestions } from "./questions.ts";
import { ALPHA, CUT, scorePage, toShares } from "./score.ts";
import { type ClassifyResponse, classify } from "./synapse.ts";

type State = { averages: Averages; copies: Copies };

/** Miners serve a model. Validators draw images nobody has seen, know what is on them, and pay for calibrated answers. */
const inference: SubnetTemplate<InferenceConfig, InferenceTask, State> = {
  id: "inference",
  version: "1",
  parseConfig: (input) => parseConfig("inference", inferenceConfig, input),
  synapses: { ask: classify },
  initialState: () => ({ averages: {}, copies: {} }),
  planEpoch: (context) => ({ jobs: planQuestions(context) }),

  scoreEpoch(context, transcripts, state) {
    const pages = keepLedger(transcripts as readonly Transcript<InferenceTask, ClassifyResponse>[]);
    const scores = new Map([...pages].map(([hotkey, page]) => [hotkey, scorePage(page)] as const));

    const values = new Map([...scores].map(([hotkey, { score }]) => [hotkey, score] as const));
    const registered = context.participants.map(({ hotkey }) => hotkey);
    const averages = updateAverages(state.averages, values, registered, ALPHA);
    const copies = findCopies(state.copies, pages, context.participants);

    const best = Math.max(0, ...Object.values(averages));
    const raw = new Map(
      [...scores].map(([hotkey, { score, reason }]) => {
        const isCut = (averages[hotkey] ?? 0) < CUT * best;
        return [hotkey, explain(score, reason, hotkey in copies, isCut)] as const;
      }),
    );
    const evidence = [...scores].map(([hotkey, entry]) => ({
      hotkey,
      taskId: "epoch",
      facts: { ...entry, average: averages[hotkey] ?? 0 },
    }));
    return { raw, state: { averages, copies }, evidence };
  },

  toWeights({ averages, copies }, context) {
    const hotkeys = Object.keys(averages).filter((hotkey) => !(hotkey in copies));
    const shares = toShares(hotkeys.map((hotkey) => averages[hotkey]!));
    return toUidWeights(context.participants, new Map(hotkeys.map((hotkey, i) => [hotkey, shares[i]!])));
  },

  agents,
};

export default inference;

/** A copy keeps its average, for the day it stands on its own, but this epoch it earns nothing. */
function explain(score: number, reason: Reason, isCopy: boolean, isCut: boolean): RawScore {
  if (isCopy && score > 0) return { score: 0, reason: "duplicate-answer" };
  return { score, reason: reason === "ok" && isCut ? "below-baseline" : reason };
}
