import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SubnetTemplate } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import type { RunRecord, Simulated } from "./records.ts";
import { parseScenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const HONEST = { name: "good", count: 4, skill: { from: 0.9, to: 0.5 } };
const VOTERS = { name: "voters", count: 3, stake: 1 };

describe("a simulation", () => {
  it("is the same to the last byte for the same scenario, on both engines", async () => {
    const scenarios = fc.record({
      engine: fc.constantFrom("float", "fixed"),
      seed: fc.string({ minLength: 1, maxLength: 8 }),
      views: fc.integer({ min: 1, max: 3 }),
      noise: fc.double({ min: 0, max: 0.5, noNaN: true }),
      behaviour: fc.constantFrom("honest", "random", "lazy", "copier"),
    });
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ noise, behaviour, ...rest }) => {
        const scenario = parseScenario({
          ...rest,
          epochs: 6,
          runs: 2,
          miners: [{ ...HONEST, params: { noise, volatility: 0.02 } }],
          validators: [VOTERS, { name: "other", count: 1, stake: 0.5, behaviour }],
        });
        expect(hashOf(await simulate(scenario))).toBe(hashOf(await simulate(scenario)));
      }),
      { numRuns: 6 },
    );
  });

  it("draws another world for another seed and for each run", async () => {
    const of = (seed: string) =>
      simulate(
        parseScenario({
          seed,
          runs: 2,
          epochs: 4,
          miners: [{ ...HONEST, params: { noise: 0.1 } }],
          validators: [VOTERS],
        }),
      );
    const [one, two] = [await of("one"), await of("two")];
    const hashes = [...one.runs, ...two.runs].map((run) => hashOf({ ...one, runs: [run] }));
    expect(new Set(hashes).size).toBe(4);
  });

  it("pays by skill, hands out all of the emission, and lets honest work break even", async () => {
    const [record] = (await simulate(parseScenario({ epochs: 10, miners: [HONEST], validators: [VOTERS] })))
      .runs;
    const paid = lastEpoch(record!, "incentive").slice(3);
    expect([...paid].sort((a, b) => b - a)).toEqual(paid);
    expect(sum(lastEpoch(record!, "emission"))).toBeCloseTo(1 - 0.18, 9);
    expect(sum(byRole(record!, "miner", "profit"))).toBeCloseTo(0, 9);
  });

  it("reveals weights as late as the chain does", async () => {
    const chain = { commitReveal: true, revealPeriodEpochs: 3 };
    const [record] = (
      await simulate(parseScenario({ epochs: 5, chain, miners: [HONEST], validators: [VOTERS] }))
    ).runs;
    const firstPaid = Array.from({ length: 5 }, (_, epoch) => record!.columns.incentive[epoch * 7 + 3]! > 0);
    expect(firstPaid).toEqual([false, false, false, true, true]);
  });

  it("stops when it is told to", async () => {
    const control = new AbortController();
    const scenario = parseScenario({ epochs: 100, miners: [HONEST], validators: [VOTERS] });
    const seen: number[] = [];
    const onProgress = ({ epoch }: { epoch: number }) => {
      seen.push(epoch);
      if (epoch === 3) control.abort();
    };
    await expect(simulate(scenario, { signal: control.signal, onProgress })).rejects.toThrow("aborted");
    expect(seen).toEqual([1, 2, 3]);
  });

  it("refuses a template that the scenario does not name, and behaviours nobody has", async () => {
    const scenario = parseScenario({ miners: [{ ...HONEST, behaviour: "copycat" }], validators: [VOTERS] });
    await expect(simulate(scenario)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(simulate({ ...scenario, template: "guess" })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});

describe("registration", () => {
  it("gives the uid of the weakest to a newcomer when the subnet is full, with nothing of what it had", async () => {
    const scenario = parseScenario({
      epochs: 8,
      chain: { maxUids: 7, immunityPeriod: 0, registrationCost: 2 },
      miners: [HONEST, { name: "newcomer", count: 1, skill: 0.8, joinEpoch: 4 }],
      validators: [VOTERS],
    });
    const [record] = (await simulate(scenario)).runs;
    const newcomer = record!.neurons.at(-1)!;
    const weakest = record!.neurons[6]!;
    expect(newcomer).toMatchObject({ uid: weakest.uid, joinEpoch: 4, leaveEpoch: undefined });
    expect(weakest).toMatchObject({ name: "good 4", leaveEpoch: 4 });
    const at = (column: "incentive" | "cost", epoch: number) => record!.columns[column][epoch * 8 + 7]!;
    expect(at("incentive", 4)).toBe(0); // weights for whoever was there before are not its own
    expect(at("incentive", 6)).toBeGreaterThan(0);
    expect(at("cost", 4)).toBeCloseTo(3 * at("cost", 5), 12); // the registration, and an epoch's work
  });

  it("waits while everybody is immune, and takes the uid of who leaves", async () => {
    const scenario = parseScenario({
      epochs: 8,
      chain: { maxUids: 7, immunityPeriod: 1e6 },
      miners: [
        { ...HONEST, count: 3 },
        { name: "leaver", count: 1, leaveEpoch: 5 },
        { name: "newcomer", count: 1, joinEpoch: 2 },
        { name: "never", count: 1, joinEpoch: 2 },
      ],
      validators: [VOTERS],
    });
    const { neurons } = (await simulate(scenario)).runs[0]!;
    expect(neurons.find(({ name }) => name === "leaver")).toMatchObject({ leaveEpoch: 5 });
    expect(neurons.find(({ name }) => name === "newcomer")).toMatchObject({ uid: 6, joinEpoch: 5 });
    expect(neurons.find(({ name }) => name === "never")).toMatchObject({
      uid: -1,
      joinEpoch: 2,
      leaveEpoch: 2,
    });
  });
});

describe("validators", () => {
  const weightsOf = async (group: object, miners: object[] = [], epochs = 8) => {
    const validators = [VOTERS, { name: "odd", count: 1, stake: 0.2, ...group }];
    const scenario = parseScenario({ epochs, miners: [HONEST, ...miners], validators });
    const [record] = (await simulate(scenario)).runs;
    const count = record!.neurons.length - 4;
    return {
      record: record!,
      row: [...record!.weights.slice(3 * count)],
      honest: [...record!.weights.slice(0, count)],
    };
  };

  it("that censor give their targets nothing", async () => {
    const { row } = await weightsOf({ behaviour: "censor", params: { target: "rival" } }, [
      { name: "rival", count: 1 },
    ]);
    expect(row[4]).toBe(0);
    expect(sum(row)).toBeCloseTo(1, 12);
  });

  it("that collude move the part they are told to", async () => {
    const friend = [{ name: "friend", count: 1, skill: 0 }];
    const { row } = await weightsOf(
      { behaviour: "colluder", params: { target: "friend", share: 0.3 } },
      friend,
    );
    expect(row[4]).toBeCloseTo(0.3, 12);
  });

  it("that are lazy go on with what they once saw", async () => {
    const late = [{ name: "late", count: 1, skill: 1, joinEpoch: 3 }];
    const { row, honest } = await weightsOf({ behaviour: "lazy" }, late);
    expect(row[4]).toBe(0);
    expect(honest[4]).toBeGreaterThan(0);
  });

  it("that copy see revealed weights only, later still with a delay", async () => {
    const late = [{ name: "late", count: 1, skill: 1, joinEpoch: 3 }];
    // Honest weights of epoch 3 are on chain in 4; a copy of them is committed in 4 and on chain in 5.
    const shareIn = async (epoch: number, delay: number) =>
      (await weightsOf({ behaviour: "copier", params: { delay } }, late, epoch + 1)).row[4];
    expect(await shareIn(4, 0)).toBe(0);
    expect(await shareIn(5, 0)).toBeGreaterThan(0);
    expect(await shareIn(6, 2)).toBe(0);
    expect(await shareIn(7, 2)).toBeGreaterThan(0);
  });

  it("that are bribed take the money as long as it covers what they lose", async () => {
    const payer = [{ name: "payer", count: 1, skill: 0 }];
    const takes = async (price: number) =>
      (await weightsOf({ behaviour: "bribed", params: { target: "payer", price } }, payer)).row[4];
    expect(await takes(100)).toBe(1);
    expect(await takes(0)).toBe(0);
  });
});

describe("a template in a simulation", () => {
  it("runs as it is: the better its imitated models, the more they earn, in any order of answers", async () => {
    const scenario = parseScenario({
      template: "guess",
      epochs: 5,
      views: 2,
      miners: [HONEST, { name: "silent", count: 1, behaviour: "silent" }],
      validators: [VOTERS],
    });
    const quick = await simulate(scenario, { template: guess(async () => {}) });
    let turn = 0;
    const tardy = await simulate(scenario, {
      template: guess(async () => {
        for (let i = turn++ % 5; i > 0; i--) await new Promise(setImmediate);
      }),
    });
    expect(hashOf(tardy)).toBe(hashOf(quick));
    const paid = lastEpoch(quick.runs[0]!, "incentive").slice(3);
    expect([...paid].sort((a, b) => b - a)).toEqual(paid);
    expect(paid[4]).toBe(0);
    expect(quick.template).toEqual({ id: "guess", version: "1" });
    const costs = lastEpoch(quick.runs[0]!, "cost").slice(3);
    expect(costs[4]).toBeCloseTo(0.1 * costs[0]!, 12);
  });
});

/** One question, one number: the skill itself. `wait` decides when an answer is ready. */
function guess(wait: () => Promise<void>): SubnetTemplate {
  return {
    id: "guess",
    version: "1",
    parseConfig: () => ({}),
    synapses: {
      ask: {
        timeoutMs: 1_000,
        maxRequestBytes: 100,
        maxResponseBytes: 100,
        createRequest: () => ({}),
        parseRequest: () => ({}),
        async answer(_, miner) {
          await wait();
          return { y: (await miner.infer({})).y!.data[0]! as number };
        },
        parseResponse: ({ y }) => ({ y: y! }),
      },
    },
    initialState: () => ({}),
    planEpoch: ({ participants }) => {
      const to = participants.filter(({ validatorPermit }) => !validatorPermit).map(({ hotkey }) => hotkey);
      return { jobs: [{ taskId: "one", stage: "ask", synapse: "ask", to, task: null }] };
    },
    scoreEpoch(_, transcripts) {
      const scores = [...transcripts[0]!.answers].map(([hotkey, answer]) => {
        const score = answer.ok ? (answer.response as { y: number }).y : 0;
        return [hotkey, { score, reason: "ok" as const }] as const;
      });
      const state = Object.fromEntries(scores.map(([hotkey, { score }]) => [hotkey, score]));
      return { raw: new Map(scores), state, evidence: [] };
    },
    toWeights: (state, { participants }) =>
      participants.map(({ uid, hotkey }) => ({
        uid,
        weight: (state as Record<string, number>)[hotkey] ?? 0,
      })),
    agents: [{ name: "silent", describe: "says nothing", cost: 0.1, answer: async () => undefined }],
    imitate:
      (_task, _synapse, _hotkey, { skill }) =>
      async () => ({
        y: tensor("float32", [1], Float32Array.of(skill)),
      }),
  };
}

function hashOf({ runs }: Simulated): string {
  const hash = createHash("sha256");
  for (const { columns, weights, bonds, neurons } of runs) {
    for (const values of [...Object.values(columns), weights, bonds]) hash.update(values);
    hash.update(JSON.stringify(neurons));
  }
  return hash.digest("hex");
}

function lastEpoch({ columns, epochs, neurons }: RunRecord, column: keyof RunRecord["columns"]): number[] {
  return [...columns[column].slice((epochs - 1) * neurons.length)];
}

function byRole(
  { columns, neurons }: RunRecord,
  role: string,
  column: keyof RunRecord["columns"],
): Float64Array {
  return columns[column].filter((_, at) => neurons[at % neurons.length]!.role === role);
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}
