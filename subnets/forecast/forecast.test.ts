import { beforeAll, describe, expect, it } from "vitest";
import { Keypair } from "../../shared/keys/keypair.ts";
import { type PlayedEpoch, type PlayedSources, type Player, playEpoch } from "../../shared/play-epoch.ts";
import { feedStatement } from "../../shared/rules/feed-point.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { tensor } from "../../shared/tensor.ts";
import type { Json } from "../../shared/types.ts";
import {
  createBench,
  createContext,
  honestPlayer,
  minerContext,
  playerAt,
} from "../../simulator/template-checks/field.ts";
import type { ForecastConfig } from "./config.ts";
import { expectedNext } from "./generator.ts";
import forecast from "./index.ts";

const MINERS = ["5A", "5B", "5C"];

/** Guesses as well as a window allows, and errs by its own constant. It forecasts nobody. */
function guesser(error: number): Player {
  const infer = async ({ x }: Tensors): Promise<Tensors> => {
    if (!x) throw new Error("no such input");
    const { value } = expectedNext([...(x.data as Float32Array)]);
    return { y: tensor("float32", [1, 1], Float32Array.of(value + error)) };
  };
  return honestPlayer({ infer });
}

/** Has no model for values: expects the same of everybody. */
function forecaster(): Player {
  const bench = createBench();
  const infer = async ({ peers }: Tensors): Promise<Tensors> => {
    const count = peers!.shape[1]!;
    return { rz: tensor("float32", [1, count], new Float32Array(count)) };
  };
  return playerAt(bench, async ({ synapse, request, hotkey }) => {
    const models = [{ name: "forecaster", inputs: ["peers"] }];
    const miner = { ...minerContext(hotkey, { infer }, bench), models };
    return { response: await synapse.answer(synapse.parseRequest(request), miner), latencyMs: 50 };
  });
}

const guessers = () => new Map(MINERS.map((hotkey, at) => [hotkey, guesser(0.1 * (at - 1))] as const));

async function play(
  epochs: number,
  options: { config?: unknown; players?: Map<string, Player>; sources?: PlayedSources } = {},
): Promise<PlayedEpoch<Json, ForecastConfig>[]> {
  const { players = guessers(), sources } = options;
  const config = forecast.parseConfig(options.config);
  let state = forecast.initialState() as never;
  const played: PlayedEpoch<never, ForecastConfig>[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const context = createContext(MINERS, epoch, "forecast", config);
    const now = await playEpoch(forecast as never, context, state, players, { sources });
    played.push(now as never);
    state = now.state as never;
  }
  return played as never;
}

describe("a topic of the generator", () => {
  let played: PlayedEpoch<Json, ForecastConfig>[] = [];
  beforeAll(async () => {
    played = await play(24);
  });

  it("judges a nonce when its truth is there, and nobody before", () => {
    expect(played[0]!.raw.size).toBe(0);
    expect([...played[1]!.raw.keys()]).toEqual(MINERS);
  });

  it("burns what nobody has proven to deserve, and pays who beats the last value", () => {
    expect(played[1]!.weights).toEqual([{ uid: 0, weight: 1 }]);
    const paid = played.map(({ weights }) => weights.some(({ uid, weight }) => uid > 0 && weight > 0.3));
    expect(paid).toContain(true);
  });

  it("tells a worker that it is unproven, with the nonces it has and needs, until it has enough", () => {
    const reasons = played.map(({ raw }) => raw.get("5A")?.reason);
    expect(reasons.slice(1, 6)).toEqual(Array(5).fill("unproven"));
    expect(reasons.slice(6)).not.toContain("unproven");
    const facts = played.slice(1, 6).map(({ evidence }) => evidence[0]!.facts);
    expect(facts).toMatchObject([1, 2, 3, 4, 5].map((nonces) => ({ nonces, needed: 6 })));
  });

  it("publishes the combined value with its band, of this epoch alone", () => {
    const { state, context } = played.at(-1)!;
    const { series } = forecast.publish!(state as never, context);
    expect(series!.nonce).toBe(23);
    expect([...series!.ci]).toEqual([...series!.ci].sort((a, b) => a - b));
    expect(series!.ci[0]).toBeLessThanOrEqual(series!.value);
    expect(series!.facts).toMatchObject({ combined: series!.value, naive: expect.any(Number) });
  });
});

it("says why a miner is not paid: it changed its mind, or copied, or said nothing", async () => {
  const players = guessers();
  const honest = players.get("5B")!;
  players.set("5B", async (question) => {
    const { response, latencyMs } = await honest(question);
    return { response: question.job.stage === "reveal" ? { ...response, values: [7] } : response, latencyMs };
  });
  players.set("5C", guesser(-0.1)); // as 5A, that is registered earlier
  const { raw } = (await play(2, { players })).at(-1)!;
  expect([...raw].map(([, { reason }]) => reason).slice(1)).toEqual([
    "broken-commitment",
    "duplicate-answer",
  ]);
});

it("does not hold it against a forecaster that nobody is known yet", async () => {
  const players = guessers().set("5C", forecaster());
  const [, first, , third] = await play(4, { players });
  expect(first!.raw.get("5C")).toEqual({ score: 0, reason: "unproven" });
  expect(third!.evidence.find(({ hotkey }) => hotkey === "5C")!.facts).toMatchObject({
    reason: "unproven",
    forecaster: { loss: expect.any(Number) },
  });
});

it("pays nobody for what is not deserved where the owner has no uid", async () => {
  const { state, context } = (await play(2)).at(-1)!;
  const participants = context.participants.map(({ isOwner, ...participant }) => participant);
  expect(forecast.toWeights(state as never, { ...context, participants })).toEqual([]);
});

it("waits for a truth that is late, and drops a nonce whose truth never comes", async () => {
  let block = 0;
  const chain: PlayedSources = {
    chain: (task) => {
      ({ block } = task as { block: number });
      if (block === 60) throw new Error("the node is away");
      return { value: block / 20, block };
    },
  };
  const config = { truth: { kind: "chain", value: "alpha-price", netuid: 3 }, truthLag: 2 };
  const played = await play(6, { config, sources: chain });
  expect(played.map(({ raw }) => raw.size)).toEqual([0, 0, 3, 0, 3, 3]);
  expect(played[0]!.transcripts.map(({ job }) => job.stage)).toEqual(["truth", "commit", "reveal"]);
});

it("believes a feed by its signature alone", () => {
  const key = Keypair.fromUri("//Feed");
  const task = { feed: "btc", time: 6, signer: key.address, tolerance: 5 };
  const point = { value: 10, time: 7 };
  const signature = `0x${Buffer.from(key.sign(feedStatement("btc", point))).toString("hex")}`;
  const { parseTruth } = forecast.sources!.feed!;
  expect(parseTruth({ ...point, signature }, task)).toEqual({ value: 10 });
  expect(() => parseTruth({ ...point, value: 11, signature }, task)).toThrow("did not sign");
  expect(() => parseTruth({ ...point, signature }, { ...task, time: 60 })).toThrow("another time");
});

it("combines each of several labels by itself, and publishes each", async () => {
  const config = { truth: { kind: "generator", arity: 2 } };
  const infer = async ({ x }: Tensors): Promise<Tensors> => {
    if (!x) throw new Error("no such input");
    return {
      y: tensor(
        "float32",
        [1, 2],
        (x.data as Float32Array).slice(-2).map((value) => value / 2),
      ),
    };
  };
  const players = new Map(MINERS.map((hotkey) => [hotkey, honestPlayer({ infer })] as const));
  const { state, context } = (await play(3, { config, players })).at(-1)!;
  expect(Object.keys(forecast.publish!(state as never, context))).toEqual(["series-0", "series-1"]);
});

it("pays as Allora does when the additions are off: also who is no better than the last value", async () => {
  const lazy = honestPlayer({
    infer: async ({ x }) => {
      if (!x) throw new Error("no such input");
      return { y: tensor("float32", [1, 1], (x.data as Float32Array).slice(-1)) };
    },
  });
  const players = guessers().set("5C", lazy);
  const paidTo = async (rewardMap: string) =>
    (await play(14, { config: { rewardMap }, players })).at(-1)!.weights.find(({ uid }) => uid === 3)?.weight;
  expect(await paidTo("plain")).toBeGreaterThan(0.01);
  expect(await paidTo("gated")).toBeUndefined();
});
