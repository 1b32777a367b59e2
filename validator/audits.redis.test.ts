import { expect, it } from "vitest";
import { readJournal } from "../shared/journal/journal.ts";
import { Keypair } from "../shared/keys/keypair.ts";
import { parseModelCommitment, toModelCommitment } from "../shared/rules/model-commitment.ts";
import type { ModelRequest, ModelRun, RawScore, SubnetTemplate } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import type { Json } from "../shared/types.ts";
import { doubling, honest, startNet, useTestBench } from "./test-validator.test-kit.ts";

const bench = useTestBench();

type Audited = { hotkey: string; model: ModelRequest["model"] };

/** Doubles, and has every committed model run again before anybody is paid. */
const audited: SubnetTemplate = {
  ...doubling,
  id: "audited",
  sources: {
    audit: {
      timeoutMs: 2_000,
      rerun: (task) => ({ ...(task as Audited), feeds: {} }),
      parseTruth: (message) => message,
    },
  },
  planEpoch: (context, state) => ({
    ...doubling.planEpoch(context, state),
    later: [{ stage: "audit", at: { afterStage: "ask", blocks: 1 } }],
  }),
  planStage: ({ participants, stage }) =>
    participants.flatMap(({ hotkey, uid, commitment }) => {
      const model = commitment && parseModelCommitment(commitment.data);
      if (!model) return [];
      return [
        { taskId: `audit-${uid}`, stage, synapse: "audit", to: "source", task: { hotkey, model } as Json },
      ];
    }),
  scoreEpoch(context, transcripts, state) {
    const asked = transcripts.filter(({ job }) => job.to !== "source");
    const { raw, ...rest } = doubling.scoreEpoch(context, asked, state);
    for (const { job, answers } of transcripts) {
      const run = answers.get("source");
      if (!run?.ok || !("problem" in (run.response as ModelRun))) continue;
      raw.set((job.task as Audited).hotkey, { score: 0, reason: "refused" } satisfies RawScore);
    }
    return { raw, ...rest };
  },
};

it("section 3, audit: has the models that miners committed to run again, and tells the template what came of it", async () => {
  const committed = (size: number) => toModelCommitment({ sha256: "ab".repeat(32), size, uri: "axon:" });
  const asked: ModelRequest["model"][] = [];
  const net = await startNet(bench, {
    template: audited,
    miners: [honest, honest, honest],
    addSelf: (chain) => {
      chain.publish(Keypair.fromUri("//Miner//0").address, committed(1));
      chain.publish(Keypair.fromUri("//Miner//1").address, committed(2));
      return chain.add(bench.validatorKey.address, undefined, { validatorPermit: true });
    },
    rerunModel: async (netuid, { model }): Promise<ModelRun> => {
      asked.push(model);
      if (asked.length === 1 || netuid !== 2) throw new Error("our own network is away");
      if (model.size === 2) return { problem: "hostile" };
      return { y: tensor("float32", [1], Float32Array.of(0.5)), precision: "float32" };
    },
  });
  const { epoch, scores } = await net.until("epoch.scored");
  expect(scores.map(({ score, reason }) => [score, reason])).toEqual([
    [1, "ok"],
    [0, "refused"],
    [1, "ok"],
  ]);
  expect(asked.length).toBeGreaterThanOrEqual(3); // the one that failed on our side was asked for again
  const journal = readJournal(net.journalPath);
  const record = journal.epochs.epoch({ netuid: 2, mechanism: 0, epoch })!;
  journal.close();
  const kept = record.context!.participants.map(({ commitment }) => commitment?.data);
  expect(kept).toEqual([undefined, committed(1), committed(2), undefined]);
});
