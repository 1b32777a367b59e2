import { parseConfig } from "../../shared/rules/config.ts";
import { minersOf, toUidWeights } from "../../shared/rules/participants.ts";
import type { Job, LaterStage, SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { agents } from "./agents.ts";
import { type ForecastConfig, forecastConfig } from "./config.ts";
import { registeredIn, withoutNames } from "./forget.ts";
import { imitate } from "./imitate.ts";
import type { TopicState } from "./maths/types.ts";
import { type Nonce, openNonce } from "./nonce.ts";
import { closeNonce, type Pay } from "./pay.ts";
import { toResults } from "./publish.ts";
import { type ForecastTask, planCommit } from "./questions.ts";
import { type Records, updateRecords } from "./records.ts";
import { NO_SERIES, newestOf, type Series, seriesAt } from "./series.ts";
import { commit } from "./synapse-commit.ts";
import { reveal } from "./synapse-reveal.ts";
import { chain, feed, planTruth, TRUTH_STAGE, type TruthTask } from "./truth.ts";

type Task = ForecastTask | TruthTask;

type State = {
  /** One for each label. */
  topics: TopicState[];
  records: Records;
  series: Series;
  /** Nonces whose truth is not known yet, oldest first. */
  open: Nonce[];
  pay: Pay;
  /** Of this epoch. Null: nobody said anything. */
  newest: Nonce | null;
};

const REVEAL: LaterStage = { stage: "reveal", at: { afterStage: "commit", blocks: 0 } };

/**
 * Miners say what comes next, and how far off each of the others will be. Validators combine what was said before anybody
 * can know, and pay by the truth when it is there.
 */
const forecast: SubnetTemplate<ForecastConfig, Task, State> = {
  id: "forecast",
  version: "1",
  parseConfig: (input) => parseConfig("forecast", forecastConfig, input),
  synapses: { commit, reveal } as SubnetTemplate<ForecastConfig, Task, State>["synapses"],
  sources: { chain, feed } as SubnetTemplate<ForecastConfig, Task, State>["sources"],
  initialState: () => ({ topics: [], records: {}, series: NO_SERIES, open: [], pay: {}, newest: null }),

  planEpoch(context, state) {
    const to = minersOf(context);
    if (to.length === 0) return { jobs: [] };
    const truths = planTruth(context);
    if (truths.length === 0) return { jobs: [question(context, state, [], to)], later: [REVEAL] };
    // What everybody can look up must be in the question, and is what a forecast is held against.
    const asked: LaterStage = { stage: "commit", at: { afterStage: TRUTH_STAGE, blocks: 0 } };
    return { jobs: truths, later: [asked, REVEAL] };
  },

  planStage(context, state, transcripts) {
    if (context.stage === "commit") return [question(context, state, transcripts, minersOf(context))];
    return transcripts
      .filter(({ job }) => job.stage === "commit")
      .map(({ job, answers }): Job<Task> => {
        const to = [...answers].flatMap(([hotkey, { ok }]) => (ok ? [hotkey] : [])).sort();
        return { taskId: "reveal", stage: "reveal", synapse: "reveal", to, task: job.task as ForecastTask };
      });
  },

  scoreEpoch(context, transcripts, state) {
    const { config, epoch, participants } = context;
    const registered = new Set(participants.map(({ hotkey }) => hotkey));
    const { series, isNew } = seriesAt(state.series, context, transcripts);
    const known = newestOf(series);
    const due = state.open.find(({ nonce }) => nonce + config.truthLag === epoch);
    const closed =
      due && isNew && known && due.opens.length > 0
        ? closeNonce(due, state.topics, known, context)
        : undefined;
    const opened = openNonce(context, transcripts, closed?.topics ?? state.topics, known);
    const topics = opened?.topics ?? closed?.topics ?? state.topics;
    // A nonce whose moment has passed without a truth is nobody's fault, and nobody's merit.
    const waiting = state.open.filter(({ nonce }) => nonce + config.truthLag > epoch);
    const open = opened ? [...waiting, opened.nonce] : waiting;
    const isThere = ([hotkey]: [Hotkey, unknown]) => registered.has(hotkey);
    return {
      raw: new Map([...(closed?.raw ?? [])].filter(isThere)),
      evidence: (closed?.evidence ?? []).filter(({ hotkey }) => registered.has(hotkey)),
      state: {
        topics: topics.map((topic) => registeredIn(topic, registered)),
        records: recordsAfter(state.records, { due, closed, registered, alpha: config.alphaRegret }),
        series,
        open: open.map((nonce) => withoutNames(nonce, registered)),
        pay: Object.fromEntries(Object.entries(closed?.pay ?? state.pay).filter(isThere)),
        newest: opened && opened.nonce.opens.length > 0 ? withoutNames(opened.nonce, registered) : null,
      },
    };
  },

  toWeights({ pay, topics }, { participants }) {
    const weights = toUidWeights(participants, new Map(Object.entries(pay)));
    const burnt = 1 - weights.reduce((sum, { weight }) => sum + weight, 0);
    const owner = participants.find(({ isOwner }) => isOwner);
    const hasClosed = topics.some(({ closed }) => closed > 0);
    if (!owner || !hasClosed || burnt < LEAST_BURN) return weights;
    const others = weights.filter(({ uid }) => uid !== owner.uid);
    const own = weights.find(({ uid }) => uid === owner.uid)?.weight ?? 0;
    return [...others, { uid: owner.uid, weight: own + burnt }].sort((x, y) => x.uid - y.uid);
  },

  publish: ({ newest }, { config }) => (newest ? toResults(config.topic, newest) : {}),

  agents,
  imitate: (task, _, __, model) => imitate(task as ForecastTask, model),
};

export default forecast;

/** What is left by rounding is nobody's. */
const LEAST_BURN = 1e-9;

function question(
  context: Parameters<typeof forecast.planEpoch>[0],
  state: State,
  transcripts: Parameters<typeof forecast.scoreEpoch>[1],
  to: readonly Hotkey[],
): Job<ForecastTask> {
  const { series } = seriesAt(state.series, context, transcripts);
  return planCommit(context, { topic: state.topics[0], records: state.records, series }, to);
}

function recordsAfter(
  before: Records,
  of: {
    due: Nonce | undefined;
    closed: ReturnType<typeof closeNonce> | undefined;
    registered: ReadonlySet<Hotkey>;
    alpha: number;
  },
): Records {
  const { due, closed, registered, alpha } = of;
  const [open, report, spread] = [due?.opens[0], closed?.reports[0], due?.spreads[0]];
  if (!open || !report || !spread)
    return Object.fromEntries(Object.entries(before).filter(([hotkey]) => registered.has(hotkey)));
  return updateRecords(before, { open, report }, spread, { alpha, registered });
}
