import { expect, it } from "vitest";
import type { GraphRequest, GraphRun, SubnetTemplate } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import type { Json } from "../shared/types.ts";
import { doubling, honest, startNet, useTestBench, wrong } from "./test-validator.test-kit.ts";

const bench = useTestBench();

type Checked = { hotkey: string; taskId: string };

/** Doubles, and has a graph say what came of every answer before anybody is paid. */
const checked: SubnetTemplate = {
  ...doubling,
  id: "checked",
  sources: {
    check: {
      timeoutMs: 2_000,
      execute(task, earlier) {
        const { hotkey, taskId } = task as Checked;
        const answer = earlier(hotkey).get(taskId);
        const double = answer?.ok ? Number(answer.response.double) : Number.NaN;
        return {
          graph: Uint8Array.of(1),
          feeds: { double: tensor("float32", [1], Float32Array.of(double)) },
        };
      },
      parseTruth: (message) => message,
    },
  },
  planEpoch: (context, state) => ({
    ...doubling.planEpoch(context, state),
    later: [{ stage: "check", at: { afterStage: "ask", blocks: 1 } }],
  }),
  planStage: ({ stage }, _state, transcripts) =>
    transcripts.slice(0, 1).flatMap(({ job, answers }) =>
      [...answers.keys()].map((hotkey, i) => ({
        ...{ taskId: `check-${i}`, stage, synapse: "check", to: "source" as const },
        task: { hotkey, taskId: job.taskId } as Json,
      })),
    ),
  scoreEpoch(context, transcripts, state) {
    const asked = transcripts.filter(({ job }) => job.to !== "source");
    const { raw, ...rest } = doubling.scoreEpoch(context, asked, state);
    for (const { job, answers } of transcripts) {
      const run = answers.get("source");
      if (!run?.ok || !("problem" in (run.response as GraphRun))) continue;
      raw.set((job.task as Checked).hotkey, { score: 0, reason: "refused" });
    }
    return { raw, ...rest };
  },
};

const doubleOf = ({ feeds }: GraphRequest) => (feeds.double!.data as Float32Array)[0]!;

it("has the graphs that a template builds from earlier answers run, two at a time, and tells it what came of them", async () => {
  const asked: number[] = [];
  let [now, most] = [0, 0];
  const net = await startNet(bench, {
    template: checked,
    miners: [honest, wrong, honest, honest],
    runGraph: async (request): Promise<GraphRun> => {
      const double = doubleOf(request);
      asked.push(double);
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      return double < 0
        ? { problem: "negative" }
        : { outputs: { y: tensor("float32", [1], new Float32Array(1)) } };
    },
  });
  const { scores } = await net.until("epoch.scored");
  expect(scores.map(({ score, reason }) => [score, reason])).toEqual([
    [1, "ok"],
    [0, "refused"],
    [1, "ok"],
    [1, "ok"],
  ]);
  expect(asked.toSorted((a, b) => a - b)[0]).toBe(-1);
  expect(most).toBe(2);
});

it("runs after a restart what was not run before it, from answers that came before it", async () => {
  let isAway = true;
  let tries = 0;
  const net = await startNet(bench, {
    template: checked,
    miners: [honest, wrong],
    runGraph: async (request): Promise<GraphRun> => {
      tries += 1;
      if (isAway) throw new Error("away");
      const double = doubleOf(request);
      return double < 0 ? { problem: "negative" } : { outputs: {} };
    },
  });
  await net.untilTrue(async () => tries > 0);
  await net.restartPlanner(async () => {
    isAway = false;
  });
  const { scores } = await net.until("epoch.scored", ({ scores }) =>
    scores.some(({ score }) => score !== null),
  );
  expect(scores.map(({ reason }) => reason)).toEqual(["ok", "refused"]);
});

it("without a runtime a template computes by its own arithmetic", async () => {
  const { execute, ...source } = checked.sources!.check!;
  const compute: typeof source.compute = (task, earlier) => {
    const double = doubleOf(execute!(task, earlier));
    return { negative: double < 0, ...(double < 0 && { problem: "negative" }) };
  };
  const net = await startNet(bench, {
    template: { ...checked, sources: { check: { ...source, execute: execute!, compute } } },
    miners: [honest, wrong],
  });
  const { scores } = await net.until("epoch.scored");
  expect(scores.map(({ reason }) => reason)).toEqual(["ok", "refused"]);
});
