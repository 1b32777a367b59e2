import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { askAll, type Player } from "../../shared/play-epoch.ts";
import { epochSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { minersOf, toUidWeights } from "../../shared/rules/participants.ts";
import {
  type Answer,
  AnswerRefused,
  type Message,
  type RawScore,
  type StageContext,
  type SubnetTemplate,
  type Synapse,
  type Transcript,
} from "../../shared/template.ts";
import { createContext } from "../../simulator/template-checks/field.ts";

/*
 * Commit, then open what a later beacon picks: a long computation is too dear to repeat, so the miner fixes every step
 * by its hash, and must show a few of them. Which ones, nobody knows before all are fixed.
 */

const STEPS = 64;
const OPENED = 16;

type Task = { start: number; seed: string };
type Opening = { step: number; value: number };

/** One step of the work that is paid: it needs only the number of the step, so that a step can be checked alone. */
function compute(start: number, step: number): number {
  return (start * 31 + step * step) % 1_009;
}

function leafOf(step: number, value: number): string {
  return createHash("sha256").update(`${step} ${value}`).digest("hex");
}

/** The steps that one miner must open: public randomness, because what it checks is already fixed. */
function pickSteps({ seed }: Task, miner: string): number[] {
  const picks = createHash("sha256").update(seed).update(miner).digest();
  return randomFrom(picks).sample(STEPS, OPENED);
}

const limits = { timeoutMs: 1_000, maxRequestBytes: 16_384, maxResponseBytes: 16_384 };

const work: Synapse<Task, { start: number }, { leaves: string[] }> = {
  ...limits,
  createRequest: ({ start }) => ({ start }),
  parseRequest: ({ start }) => ({ start: Number(start) }),
  async answer({ start }, miner) {
    miner.memory.set("start", { start });
    return { leaves: Array.from({ length: STEPS }, (_, step) => leafOf(step, compute(start, step))) };
  },
  parseResponse({ leaves }) {
    if (!Array.isArray(leaves) || leaves.length !== STEPS) throw new Error(`${STEPS} hashes are expected`);
    return { leaves: leaves.map(String) };
  },
};

const open: Synapse<Task, { steps: number[]; leaves: string[]; start: number }, { openings: Opening[] }> = {
  ...limits,
  createRequest(task, miner, earlier) {
    const committed = earlier.get("work");
    const leaves = committed?.ok ? (committed.response.leaves as string[]) : [];
    return { steps: pickSteps(task, miner), leaves, start: task.start };
  },
  parseRequest: ({ steps, start }) => ({ steps: steps as number[], leaves: [], start: Number(start) }),
  answer: async ({ steps, start }) => ({
    openings: steps.map((step) => ({ step, value: compute(start, step) })),
  }),
  parseResponse({ openings }, { steps, leaves, start }) {
    const shown = openings as Opening[];
    for (const [i, step] of steps.entries()) {
      const value = Number(shown[i]?.value);
      if (leafOf(step, value) !== leaves[step]) throw new AnswerRefused("broken-commitment", `step ${step}`);
      if (value !== compute(start, step)) throw new AnswerRefused("out-of-range", `step ${step} is wrong`);
    }
    return { openings: shown };
  },
};

const template: SubnetTemplate<null, Task, null> = {
  id: "audits",
  version: "1",
  parseConfig: () => null,
  synapses: { work, open },
  initialState: () => null,
  planEpoch: (context) => ({
    jobs: [
      { taskId: "work", stage: "work", synapse: "work", to: minersOf(context), task: { start: 7, seed: "" } },
    ],
    later: [{ stage: "open", at: { afterStage: "work", blocks: 2 } }],
  }),
  planStage({ netuid, epoch, beacon, stage }, _, transcripts) {
    const seed = epochSeed({ netuid, epoch, randomness: beacon, purpose: "audit" });
    return transcripts.map(({ job, answers }) => ({
      taskId: "open",
      stage,
      synapse: "open",
      to: [...answers].filter(([, { ok }]) => ok).map(([hotkey]) => hotkey),
      task: { ...job.task, seed: Buffer.from(seed).toString("hex") },
    }));
  },
  scoreEpoch(_, transcripts, state) {
    const raw = new Map<string, RawScore>();
    for (const { job, answers } of transcripts) {
      for (const [hotkey, answer] of answers) {
        if (!answer.ok) raw.set(hotkey, { score: 0, reason: answer.reason });
        else if (job.stage === "open") raw.set(hotkey, { score: 1, reason: "ok" });
      }
    }
    return { raw, state, evidence: [] };
  },
  toWeights: (_, context) => toUidWeights(context.participants, new Map()),
  agents: [],
};

/** Computes a share of the steps, invents the others, and opens what it is asked to as if all were well. */
function worker(share: number, openTruly: boolean): Player {
  const valueAt = (start: number, step: number) => (step < share * STEPS ? compute(start, step) : 0);
  return async ({ job, request }) => {
    const start = Number(request.start);
    const valueToShow = openTruly ? compute : valueAt;
    const response: Message =
      job.stage === "work"
        ? { leaves: Array.from({ length: STEPS }, (_, step) => leafOf(step, valueAt(start, step))) }
        : {
            openings: (request.steps as number[]).map((step) => ({ step, value: valueToShow(start, step) })),
          };
    return { response, latencyMs: 5 };
  };
}

const players = new Map([
  ["5Honest", worker(1, true)],
  ["5Half", worker(0.5, false)],
  ["5HalfThenAll", worker(0.5, true)],
]);

async function playWithBeacon(beacon: Uint8Array) {
  const context = createContext([...players.keys()], 1, "audits", null);
  const [job] = template.planEpoch(context, null).jobs;
  const worked: Transcript<Task> = { epoch: 1, job: job!, answers: await askAll(template, job!, players) };
  const stage: StageContext<null> = { ...context, stage: "open", block: 30, beacon };
  const [openJob] = template.planStage!(stage, null, [worked]);
  const earlier = (hotkey: string) => new Map([["work", worked.answers.get(hotkey) as Answer<Message>]]);
  const opened = { epoch: 1, job: openJob!, answers: await askAll(template, openJob!, players, earlier) };
  return { openJob: openJob!, ...template.scoreEpoch(context, [worked, opened], null) };
}

describe("commit, then audited openings", () => {
  it("pays the work that was done, and neither half of it nor half of it finished when asked", async () => {
    const { raw } = await playWithBeacon(new Uint8Array(32).fill(5));
    expect(Object.fromEntries(raw)).toEqual({
      "5Honest": { score: 1, reason: "ok" },
      "5Half": { score: 0, reason: "out-of-range" },
      "5HalfThenAll": { score: 0, reason: "broken-commitment" },
    });
  });

  it("picks other steps for each beacon and each miner", async () => {
    const [a, b] = [
      await playWithBeacon(new Uint8Array(32)),
      await playWithBeacon(new Uint8Array(32).fill(1)),
    ];
    expect(pickSteps(a.openJob.task, "5Honest")).not.toEqual(pickSteps(b.openJob.task, "5Honest"));
    expect(pickSteps(a.openJob.task, "5Honest")).not.toEqual(pickSteps(a.openJob.task, "5Half"));
  });
});
