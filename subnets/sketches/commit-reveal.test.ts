import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fromAddress, toAddress } from "../../shared/keys/keypair.ts";
import { askAll, type Player } from "../../shared/play-epoch.ts";
import { childSeed, hiddenSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { commitTo, opensCommitment } from "../../shared/rules/commit-reveal.ts";
import { minersOf, toUidWeights } from "../../shared/rules/participants.ts";
import {
  type Answer,
  AnswerRefused,
  type Message,
  type StageContext,
  type SubnetTemplate,
  type Synapse,
  type Transcript,
} from "../../shared/template.ts";
import { createContext, honestPlayer } from "../../simulator/template-checks/field.ts";

/*
 * Commit, then reveal: everybody gets the same question, so an answer is worth copying until everybody is bound to one.
 * Two stages; the second is planned when the first is in.
 */

type Task = { seed: string; taskId: string };
type CommitRequest = { taskId: string; question: number };
type RevealRequest = { taskId: string; commitment: string; miner: string };
type Reveal = { value: number; salt: string };

const toBytes = (value: number) => Buffer.from(String(value));
const publicKeyOf = (hotkey: string) => fromAddress(hotkey)!;

const commit: Synapse<Task, CommitRequest, { commitment: string }> = {
  timeoutMs: 1_000,
  maxRequestBytes: 1_024,
  maxResponseBytes: 1_024,
  createRequest: ({ seed, taskId }) => ({
    taskId,
    question: randomFrom(Buffer.from(seed, "hex")).below(1_000),
  }),
  parseRequest: ({ taskId, question }) => ({ taskId: String(taskId), question: Number(question) }),
  async answer({ taskId, question }, miner) {
    const [value, salt] = [question * question, randomBytes(32)];
    miner.memory.set(taskId, { value, salt: salt.toString("hex") });
    const opening = { reply: toBytes(value), salt, minerPublicKey: publicKeyOf(miner.hotkey), taskId };
    return { commitment: Buffer.from(commitTo(opening)).toString("hex") };
  },
  parseResponse({ commitment }) {
    if (typeof commitment !== "string" || !/^[0-9a-f]{64}$/.test(commitment))
      throw new Error("32 bytes of hex");
    return { commitment };
  },
};

const reveal: Synapse<Task, RevealRequest, Reveal> = {
  timeoutMs: 1_000,
  maxRequestBytes: 1_024,
  maxResponseBytes: 1_024,
  createRequest(task, miner, earlier) {
    const committed = earlier.get(task.taskId);
    const commitment = committed?.ok ? String(committed.response.commitment) : "";
    return { taskId: task.taskId, commitment, miner };
  },
  parseRequest: ({ taskId }) => ({ taskId: String(taskId), commitment: "", miner: "" }),
  answer: async ({ taskId }, miner) => miner.memory.get(taskId) as Reveal,
  parseResponse({ value, salt }, { taskId, commitment, miner }) {
    if (typeof value !== "number" || typeof salt !== "string") throw new Error("a value and its salt");
    const opening = {
      reply: toBytes(value),
      salt: Buffer.from(salt, "hex"),
      minerPublicKey: publicKeyOf(miner),
      taskId,
    };
    if (!opensCommitment(Buffer.from(commitment, "hex"), opening)) {
      throw new AnswerRefused("broken-commitment", "this is not what was committed to");
    }
    return { value, salt };
  },
};

const template: SubnetTemplate<null, Task, null> = {
  id: "squares",
  version: "1",
  parseConfig: () => null,
  synapses: { commit, reveal },
  initialState: () => null,
  planEpoch(context) {
    const seed = Buffer.from(childSeed(hiddenSeed(context, "squares"), "1")).toString("hex");
    const task = { seed, taskId: "commit-1" };
    return {
      jobs: [{ taskId: "commit-1", stage: "commit", synapse: "commit", to: minersOf(context), task }],
      later: [{ stage: "reveal", at: { afterStage: "commit", blocks: 1 } }],
    };
  },
  planStage(_, __, transcripts) {
    return transcripts.map(({ job, answers }) => ({
      taskId: "reveal-1",
      stage: "reveal",
      synapse: "reveal",
      to: [...answers].filter(([, { ok }]) => ok).map(([hotkey]) => hotkey),
      task: job.task,
    }));
  },
  scoreEpoch(_, transcripts, state) {
    const raw = new Map();
    for (const { job, answers } of transcripts as Transcript<Task, Reveal>[]) {
      const truth = randomFrom(Buffer.from(job.task.seed, "hex")).below(1_000) ** 2;
      for (const [hotkey, answer] of answers) {
        if (!answer.ok) raw.set(hotkey, { score: 0, reason: answer.reason });
        else if (job.stage === "reveal") {
          const isRight = answer.response.value === truth;
          raw.set(hotkey, { score: isRight ? 1 : 0, reason: isRight ? "ok" : "below-baseline" });
        }
      }
    }
    return { raw, state, evidence: [] };
  },
  toWeights: (_, context) => toUidWeights(context.participants, new Map()),
  agents: [],
};

const [honest, copycat, silent] = [1, 2, 3].map((n) => toAddress(new Uint8Array(32).fill(n))) as [
  string,
  string,
  string,
];

describe("commit, then reveal", () => {
  it("pays who is bound to the right answer, and not who copies it after the reveal or copies a commitment", async () => {
    const honestly = honestPlayer();
    const heard: { commitment?: Message; reveal?: Message } = {};
    const players = new Map<string, Player>([
      [
        honest,
        async (question) => {
          const played = await honestly(question);
          heard[question.job.stage === "commit" ? "commitment" : "reveal"] = played.response;
          return played;
        },
      ],
      // Sees everything the honest miner says, and says it too: commitment, value and salt.
      [
        copycat,
        async ({ job }) => ({
          response: job.stage === "commit" ? heard.commitment : heard.reveal,
          latencyMs: 1,
        }),
      ],
    ]);

    const context = createContext([honest, copycat, silent], 1, "squares", null);
    const { jobs, later } = template.planEpoch(context, null);
    const committed: Transcript<Task>[] = [
      { epoch: 1, job: jobs[0]!, answers: await askAll(template, jobs[0]!, players) },
    ];
    expect(later).toEqual([{ stage: "reveal", at: { afterStage: "commit", blocks: 1 } }]);

    const stage: StageContext<null> = { ...context, stage: "reveal", block: 25, beacon: new Uint8Array(32) };
    const [revealJob] = template.planStage!(stage, null, committed);
    expect(revealJob!.to).toEqual([honest, copycat].sort()); // who committed to nothing has nothing to reveal

    const earlier = (hotkey: string) =>
      new Map([["commit-1", committed[0]!.answers.get(hotkey) as Answer<Message>]]);
    const revealed = await askAll(template, revealJob!, players, earlier);
    const all = [...committed, { epoch: 1, job: revealJob!, answers: revealed }];
    const { raw } = template.scoreEpoch(context, all, null);
    expect(Object.fromEntries(raw)).toEqual({
      [honest]: { score: 1, reason: "ok" },
      [copycat]: { score: 0, reason: "broken-commitment" },
      [silent]: { score: 0, reason: "connect-failed" },
    });
  });
});
