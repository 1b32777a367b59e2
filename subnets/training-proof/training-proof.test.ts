import { describe, expect, it } from "vitest";
import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import type { EpochContext, Participant, SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { createContext, honestPlayer } from "../../simulator/template-checks/field.ts";
import { agentPlayer } from "../field.test-kit.ts";
import template from "./index.ts";

const MINERS = ["5SolverA", "5SolverB", "5SolverC", "5Odd"];
const NOTHING = { infer: async () => ({}) };
const CONFIG = { ...template.quickConfig, lossTarget: 0.3 };

type Change = (participant: Participant, context: EpochContext) => Participant;

/** Epochs of three honest solvers beside one that behaves as it is said; what stands on chain may be changed. */
async function play(
  odd: Player | string,
  {
    epochs = 2,
    config = {},
    change = (same) => same,
  }: { epochs?: number; config?: object; change?: Change } = {},
) {
  const agent = template.agents.find(({ name }) => name === odd);
  const player = typeof odd === "string" ? agentPlayer(agent!, NOTHING, "tests") : odd;
  const players = new Map<Hotkey, Player>(MINERS.map((hotkey) => [hotkey, honestPlayer()]));
  players.set("5Odd", player);
  const parsed = template.parseConfig({ ...CONFIG, ...config });
  const changed: SubnetTemplate = {
    ...template,
    ...(Object.fromEntries(
      (["planEpoch", "planStage", "scoreEpoch"] as const).map((name) => [
        name,
        (context: EpochContext, ...rest: unknown[]) => {
          const participants = context.participants.map((participant) => change(participant, context));
          return (template[name] as (...all: unknown[]) => unknown)({ ...context, participants }, ...rest);
        },
      ]),
    ) as object),
  };
  let state = template.initialState();
  let played: Awaited<ReturnType<typeof playEpoch>> | undefined;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const context = createContext(MINERS, epoch, "tests", parsed);
    played = await playEpoch(changed, context, state as never, players as never);
    state = played.state as never;
  }
  const facts = (hotkey: Hotkey) =>
    played!.evidence.find((entry) => entry.hotkey === hotkey)!.facts as { [fact: string]: unknown };
  return {
    ...played!,
    facts,
    paid: (uid: number) => played!.weights.find((entry) => entry.uid === uid)?.weight ?? 0,
  };
}

describe("a training that is proven", () => {
  it("pays honest solvers for every step, in the epoch after the one in which they were asked", async () => {
    expect((await play(honestPlayer(), { epochs: 1 })).raw.size).toBe(0);
    const { facts, weights } = await play(honestPlayer());
    expect(facts("5Odd")).toMatchObject({ outcome: "verified", steps: 24, reason: "ok" });
    expect(weights.map(({ uid }) => uid)).toEqual([1, 2, 3, 4]);
  });

  it("is paid in fp32 too, where a state may be a little off", async () => {
    const { facts } = await play(honestPlayer(), { config: { mode: "fp32" } });
    expect(facts("5Odd")).toMatchObject({ outcome: "verified", worst: 0 });
  });

  it.each([
    ["step-skipper", "audit-mismatch"],
    ["small-forger", "audit-mismatch"],
    ["jumper", "audit-mismatch"],
    ["re-signer", "audit-mismatch"],
  ])("names the interval at which %s forged, and whom it lost against", async (odd, reason) => {
    const { facts, raw, paid } = await play(odd);
    expect(raw.get("5Odd")).toEqual({ score: 0, reason });
    expect(facts("5Odd")).toMatchObject({
      outcome: "failed",
      interval: expect.any(Number),
      timeOutEpochs: 50,
      dispute: { against: expect.stringMatching(/^5Solver/), interval: expect.any(Number) },
    });
    expect(paid(4)).toBe(0);
  });

  it("finds by its audits alone who ends where an honest solver ends", async () => {
    const { facts } = await play("interpolator");
    expect(facts("5Odd")).toMatchObject({ outcome: "failed", interval: expect.any(Number) });
    expect(facts("5Odd")).not.toHaveProperty("dispute");
  });

  it("ends a dispute at one operator, which the referee runs alone", async () => {
    const { facts, transcripts } = await play("jumper");
    expect(facts("5Odd").dispute).toMatchObject({
      problem: "the referee comes to something else",
      step: expect.any(Number),
      operator: expect.stringMatching(/^[A-Z][A-Za-z]+ [a-z]+\d+$/), // its kind and its name in the graph
    });
    expect(transcripts.filter(({ job }) => job.synapse === "referee")).toHaveLength(1);
    const asked = transcripts.filter(({ job }) => job.synapse === "dispute").map(({ job }) => job.stage);
    expect(asked).toEqual(["intervals", "steps", "operators", "inputs"]);
  });

  it("gives the share of who lost a dispute to who was right", async () => {
    const { facts, raw } = await play("jumper");
    const won = ["5SolverA", "5SolverB", "5SolverC"].filter((hotkey) => facts(hotkey).won === 1);
    expect(won).toHaveLength(1);
    const other = ["5SolverA", "5SolverB", "5SolverC"].find((hotkey) => !won.includes(hotkey))!;
    expect(raw.get(won[0]!)!.score).toBeCloseTo(2 * raw.get(other)!.score, 9);
  });

  it("section 6, refusing to open: is treated as failed", async () => {
    const { facts } = await play("refuser");
    expect(facts("5Odd")).toMatchObject({ outcome: "failed", problem: "a state is not served" });
  });

  it("section 6, copying another solver's root: fails its own opening", async () => {
    const { raw } = await play("copier");
    expect(raw.get("5Odd")).toEqual({ score: 0, reason: "broken-commitment" });
  });

  it("lets nobody who was caught be paid for 50 epochs", async () => {
    const { facts, paid } = await play("lazy", { epochs: 4 });
    expect(facts("5Odd").timeOutEpochs).toBe(50); // caught again in each
    expect(paid(4)).toBe(0);
  });
});

describe("section 6, commit first, choose later", () => {
  const late: Change = (participant, { startBlock }) =>
    participant.hotkey === "5Odd" && participant.commitment
      ? { ...participant, commitment: { ...participant.commitment, block: startBlock } }
      : participant;

  it("refuses what was committed to when the beacon was known", async () => {
    const { facts } = await play(honestPlayer(), { change: late });
    expect(facts("5Odd")).toMatchObject({ outcome: "failed", problem: "no commitment in time" });
  });

  it("draws what is looked at from a beacon that is younger than every commitment", async () => {
    const { state } = await play(honestPlayer(), { epochs: 1 });
    const { context } = await play(honestPlayer());
    const seeds = [1, 2].map((byte) => {
      const beacon = new Uint8Array(32).fill(byte);
      const { jobs } = template.planEpoch({ ...context, beacon } as never, state as never);
      return jobs.flatMap(({ task, stage }) =>
        stage === "commit" ? [(task as { audit: string }).audit] : [],
      );
    });
    expect(seeds[0]).toHaveLength(1);
    expect(seeds[0]).not.toEqual(seeds[1]);
    const { participants, startBlock } = context;
    const blocks = participants.flatMap(({ commitment }) => (commitment ? [commitment.block] : []));
    expect(Math.max(...blocks)).toBeLessThan(startBlock);
  });

  it("measures on rows that follow from the validator's secret alone", async () => {
    const { transcripts } = await play(honestPlayer());
    const seeds = transcripts.flatMap(({ job }) => {
      const { measure } = job.task as { measure?: { heldOut: string } };
      return measure ? [measure.heldOut] : [];
    });
    expect(seeds.length).toBeGreaterThan(0);
    const requests = transcripts.filter(({ job }) => job.to !== "source");
    expect(requests.some(({ job }) => seeds.some((seed) => JSON.stringify(job.task).includes(seed)))).toBe(
      false,
    );
  });

  it("judges nobody by a round that it missed", async () => {
    const parsed = template.parseConfig(CONFIG);
    const first = await play(honestPlayer(), { epochs: 1 });
    const context = createContext(MINERS, 5, "tests", parsed);
    const { jobs } = template.planEpoch(context, first.state as never);
    expect(jobs.map(({ stage }) => stage)).toEqual(jobs.map(() => "offer"));
  });
});
