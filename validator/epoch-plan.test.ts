import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Neuron } from "../shared/chain/metagraph.ts";
import type { EpochPlan, Job, LaterStage, SubnetTemplate } from "../shared/template.ts";
import { checkPlan, closeBlock, toPlannedJobs, toStages } from "./epoch-plan.ts";

const template = {
  synapses: { ask: {} },
  sources: { price: {} },
  planStage: () => [],
} as unknown as SubnetTemplate;

const EPOCH = { epoch: 7, startBlock: 100, tempo: 50, beacon: "0x01" } as const;

describe("a plan", () => {
  it("of jobs and later stages can be asked", () => {
    const later: LaterStage[] = [
      { stage: "reveal", at: { afterStage: "ask", blocks: 0 } },
      { stage: "audit", at: { afterStage: "reveal", blocks: 3 } },
      { stage: "truth", at: { epochsLater: 1 } },
    ];
    checkPlan({ jobs: [job({}), job({ taskId: "t-1", to: "source", synapse: "price" })], later }, template);
  });

  it.each<[string, Partial<Job>[], LaterStage[]]>([
    ["a task name that is none", [{ taskId: "Not A Name" }], []],
    ["a task name twice", [{}, {}], []],
    ["a stage name that is none", [{ stage: "" }], []],
    ["an unknown synapse", [{ synapse: "sing" }], []],
    ["a source among the synapses", [{ to: "source" }], []],
    ["a synapse inherited from Object", [{ synapse: "constructor" }], []],
    ["somebody asked twice", [{ to: ["a", "a"] }], []],
    ["a task that is too large", [{ task: "x".repeat(300_000) }], []],
    ["a later stage named like the first", [{}], [{ stage: "ask", at: { epochsLater: 1 } }]],
    [
      "a stage after one that is unknown",
      [{}],
      [{ stage: "reveal", at: { afterStage: "dream", blocks: 1 } }],
    ],
    ["a stage after itself", [{}], [{ stage: "reveal", at: { afterStage: "reveal", blocks: 1 } }]],
    ["a stage before its time", [{}], [{ stage: "reveal", at: { afterStage: "ask", blocks: -1 } }]],
    ["a stage that is not later", [{}], [{ stage: "truth", at: { epochsLater: 0 } }]],
    ["too many jobs", Array.from({ length: 4_097 }, (_, i) => ({ taskId: `t-${i}` })), []],
  ])("with %s cannot", (_, jobs, later) => {
    expect(() => checkPlan({ jobs: jobs.map(job), later }, template)).toThrow(
      expect.objectContaining({ code: "PLAN_INVALID" }),
    );
  });

  it("with later stages needs a template that can plan them", () => {
    const plan: EpochPlan = { jobs: [job({})], later: [{ stage: "truth", at: { epochsLater: 1 } }] };
    const { planStage: _, ...without } = template;
    expect(() => checkPlan(plan, without)).toThrow(expect.objectContaining({ code: "PLAN_INVALID" }));
  });
});

describe("stages", () => {
  it("share the time for asking: each ends before the next one must, and all before the epoch does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5_000 }), fc.nat(4), (tempo, more) => {
        const names = Array.from({ length: more }, (_, i) => `stage-${i}`);
        const later = names.map(
          (stage, i): LaterStage => ({
            stage,
            at: { afterStage: i === 0 ? "ask" : names[i - 1]!, blocks: 1 },
          }),
        );
        const deadlines = toStages({ jobs: [job({})], later }, { ...EPOCH, tempo }).map(
          (s) => s.deadlineBlock!,
        );
        expect(deadlines).toEqual([...deadlines].sort((a, b) => a - b));
        expect(deadlines[0]).toBeGreaterThan(EPOCH.startBlock);
        expect(deadlines.at(-1)).toBeLessThanOrEqual(closeBlock(EPOCH.startBlock, tempo));
        expect(closeBlock(EPOCH.startBlock, tempo)).toBeLessThan(EPOCH.startBlock + tempo);
      }),
    );
  });

  it("that nobody waits for have time until the end, however long another line of stages is", () => {
    const behind = (stage: string, afterStage: string): LaterStage => ({
      stage,
      at: { afterStage, blocks: 0 },
    });
    const later = [
      behind("open", "ask"),
      behind("rerun", "open"),
      behind("hear", "ask"),
      behind("see", "hear"),
    ];
    later.push(behind("judge", "see"));
    const plan = { jobs: [job({}), job({ taskId: "offer", stage: "offer" })], later };
    const tempo = 200; // 120 blocks for asking
    const stages = toStages(plan, { ...EPOCH, tempo });
    const blocks = stages.map(({ stage, deadlineBlock }) => [stage, deadlineBlock! - EPOCH.startBlock]);
    expect(Object.fromEntries(blocks)).toEqual({
      ...{ ask: 30, hear: 60, see: 90, judge: 120 },
      ...{ open: 80, rerun: 120, offer: 120 },
    });
  });

  it("of a later epoch have no deadline yet", () => {
    const later: LaterStage[] = [
      { stage: "truth", at: { epochsLater: 2 } },
      { stage: "appeal", at: { afterStage: "truth", blocks: 1 } },
    ];
    expect(toStages({ jobs: [job({})], later }, EPOCH).slice(1)).toMatchObject([
      { stage: "truth", status: "waiting", deadlineBlock: undefined, inEpoch: undefined },
      { stage: "appeal", status: "waiting", deadlineBlock: undefined, inEpoch: undefined },
    ]);
  });
});

describe("targets", () => {
  it("have the address of the chain, or the reason why they are not asked", () => {
    const neurons = [
      { hotkey: "a", axon: { ip: "1.2.3.4", port: 8091 } },
      { hotkey: "b", axon: undefined },
      { hotkey: "c", axon: { ip: "1.2.3.4", port: 0 } },
    ] as Neuron[];
    const to = ["a", "b", "c", "gone"];
    expect(toPlannedJobs([job({ to })], { netuid: 2, block: 1, neurons })[0]!.asks).toEqual([
      { hotkey: "a", ip: "1.2.3.4", port: 8091 },
      { hotkey: "b", reason: "not-serving" },
      { hotkey: "c", reason: "not-serving" },
      { hotkey: "gone", reason: "deregistered" },
    ]);
  });
});

function job(part: Partial<Job>): Job {
  return { taskId: "t-0", stage: "ask", synapse: "ask", to: ["a"], task: null, ...part };
}
