import { describe, expect, it } from "vitest";
import { askAll, type Player } from "../../shared/play-epoch.ts";
import { type Averages, updateAverages } from "../../shared/rules/moving-average.ts";
import { minersOf, toUidWeights } from "../../shared/rules/participants.ts";
import { linear } from "../../shared/rules/shape.ts";
import type { Answer, RawScore, Source, SubnetTemplate, Synapse, Transcript } from "../../shared/template.ts";
import { createContext } from "../../simulator/template-checks/field.ts";

/*
 * Truth that arrives later: miners say what a price will be, and nobody can judge them before it is. The answers wait
 * in the state; a source job of a later epoch brings the truth.
 */

const HORIZON_EPOCHS = 2;

/** Forecasts that are still not judged after so many epochs never will be: the source was gone for too long. */
const GIVE_UP_EPOCHS = 5;

type Task = { topic: string };
type Forecast = { value: number };
type State = { averages: Averages; pending: { [epoch: string]: { [hotkey: string]: number } } };

function parseNumber({ value }: { [key: string]: unknown }): Forecast {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Error("a finite number is expected");
  return { value };
}

const forecast: Synapse<Task, Task, Forecast> = {
  timeoutMs: 1_000,
  maxRequestBytes: 1_024,
  maxResponseBytes: 1_024,
  createRequest: ({ topic }) => ({ topic }),
  parseRequest: ({ topic }) => ({ topic: String(topic) }),
  answer: async () => ({ value: 100 }),
  parseResponse: parseNumber,
};

const price: Source<Task, Forecast> = { timeoutMs: 5_000, parseTruth: parseNumber };

const template: SubnetTemplate<null, Task, State> = {
  id: "forecasts",
  version: "1",
  parseConfig: () => null,
  synapses: { forecast },
  sources: { price },
  initialState: () => ({ averages: {}, pending: {} }),
  planEpoch: (context) => ({
    jobs: [
      { taskId: "ask", stage: "ask", synapse: "forecast", to: minersOf(context), task: { topic: "TAO/USD" } },
    ],
    later: [{ stage: "truth", at: { epochsLater: HORIZON_EPOCHS } }],
  }),
  planStage: (context) => [
    { taskId: "truth", stage: context.stage, synapse: "price", to: "source", task: { topic: "TAO/USD" } },
  ],

  scoreEpoch(context, transcripts, state) {
    const pending = { ...state.pending };
    const raw = new Map<string, RawScore>();
    for (const { epoch, job, answers } of transcripts as Transcript<Task, Forecast>[]) {
      const truth = answers.get("source");
      if (job.to !== "source") {
        const said: { [hotkey: string]: number } = {};
        for (const [hotkey, answer] of answers) {
          if (answer.ok) said[hotkey] = answer.response.value;
          else raw.set(hotkey, { score: 0, reason: answer.reason }); // silence needs no truth to be judged
        }
        pending[epoch] = said;
      } else if (truth?.ok) {
        for (const [hotkey, value] of Object.entries(pending[epoch] ?? {})) {
          const score = 1 / (1 + Math.abs(value - truth.response.value));
          raw.set(hotkey, { score, reason: "ok" });
        }
        delete pending[epoch];
      }
    }
    for (const epoch of Object.keys(pending)) {
      if (Number(epoch) <= context.epoch - GIVE_UP_EPOCHS) delete pending[epoch];
    }
    const scores = new Map([...raw].map(([hotkey, { score }]) => [hotkey, score]));
    const registered = context.participants.map(({ hotkey }) => hotkey);
    const averages = updateAverages(state.averages, scores, registered, 0.5);
    return { raw, state: { averages, pending }, evidence: [] };
  },

  toWeights({ averages }, context) {
    const hotkeys = Object.keys(averages);
    const shares = linear(Object.values(averages));
    return toUidWeights(context.participants, new Map(hotkeys.map((hotkey, i) => [hotkey, shares[i]!])));
  },
  agents: [],
};

const MINERS = ["5Near", "5Far", "5Silent"];

function says(value: number): Player {
  return async () => ({ response: { value }, latencyMs: 5 });
}

const players = new Map([
  ["5Near", says(101)],
  ["5Far", says(150)],
]);

/** The transcript of one epoch's question, and of the truth about it when there is one. */
async function asked(epoch: number): Promise<Transcript<Task>> {
  const [job] = template.planEpoch(createContext(MINERS, epoch, "late", null), template.initialState()).jobs;
  return { epoch, job: job!, answers: await askAll(template, job!, players) };
}

function arrived(epoch: number, value: number | undefined): Transcript<Task> {
  const context = createContext(MINERS, epoch, "late", null);
  const stage = { ...context, stage: "truth", block: context.startBlock + 40 };
  const [job] = template.planStage!(stage, template.initialState(), []);
  const answers = new Map<string, Answer<Forecast>>();
  if (value !== undefined) {
    const response = template.sources!.price!.parseTruth({ value }, job!.task) as Forecast;
    answers.set("source", { ok: true, response, latencyMs: 100 });
  }
  return { epoch, job: job!, answers };
}

const score = (epoch: number, transcripts: Transcript<Task>[], state: State) =>
  template.scoreEpoch(
    createContext(MINERS, epoch, "late", null),
    transcripts,
    JSON.parse(JSON.stringify(state)),
  );

describe("truth that arrives later", () => {
  it("judges an epoch's answers when the truth is in, and nobody before", async () => {
    const first = score(1, [await asked(1)], template.initialState());
    expect([...first.raw]).toEqual([["5Silent", { score: 0, reason: "connect-failed" }]]);
    expect(template.toWeights(first.state, createContext(MINERS, 1, "late", null))).toEqual([]);

    const second = score(2, [await asked(2)], first.state);
    const third = score(3, [await asked(3), arrived(1, 100)], second.state);
    expect(third.raw.get("5Near")!.score).toBeGreaterThan(third.raw.get("5Far")!.score);
    expect(Object.keys(third.state.pending)).toEqual(["2", "3"]);
    const [near, far] = template.toWeights(third.state, createContext(MINERS, 3, "late", null));
    expect(near!.weight).toBeGreaterThan(far!.weight);
  });

  it("costs nobody anything when the truth never comes, and does not wait for ever", async () => {
    let state = score(1, [await asked(1)], template.initialState()).state;
    state = score(3, [arrived(1, undefined)], state).state;
    expect(Object.keys(state.pending)).toEqual(["1"]); // it may still come late
    state = score(6, [], state).state;
    expect(state).toEqual({ averages: { "5Silent": 0 }, pending: {} });
  });
});
