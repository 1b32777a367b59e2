import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { childSeed } from "../../shared/rules/beacon.ts";
import { listModels } from "../models.ts";
import { PEER_FEATURES, type PeerFacts, peerFeatures, seriesFeatures, WINDOW } from "./features.ts";
import { drawSeries } from "./generator.ts";

const cards = await listModels("forecast"); // checks every sha256
const open = async (name: string) =>
  InferenceSession.create(cards.find((card) => card.name === name)!.path, { intraOpNumThreads: 1 });

/** A stretch that training used neither to learn nor to measure. */
const STEPS = 6_000;
const series = drawSeries(childSeed(new Uint8Array(32), "models.test"), WINDOW + STEPS).map(
  ({ value }) => value,
);
const windows = new Float32Array(STEPS * WINDOW);
for (let at = 0; at < STEPS; at++) {
  windows.set(seriesFeatures(series.slice(at, at + WINDOW)).data, at * WINDOW);
}

/** One run for all windows: rows of many requests share a batch. */
async function say(name: string, factor = 1): Promise<Float32Array> {
  const x = new OrtTensor(
    "float32",
    windows.map((value) => value * factor),
    [STEPS, WINDOW, 1],
  );
  const { y } = await (await open(name)).run({ x });
  expect(y!.dims).toEqual([STEPS, 1]);
  return y!.data as Float32Array;
}

function meanError(said: Float32Array): number {
  return said.reduce((sum, value, at) => sum + (value - series[at + WINDOW]!) ** 2, 0) / STEPS;
}

const peer = (losses: number[], regret: number): PeerFacts => ({
  ...{ losses, regret, averageLoss: losses.at(-1) ?? null },
  ...{ seen: losses.length, deviation: 0 },
});

describe("the models that come with forecast", () => {
  const of = (role: string) => cards.filter((card) => card.role === role).map(({ name }) => name);

  it("are five inferers and two forecasters, each with a licence and the hash of what it learned from", () => {
    expect(of("inferer").sort()).toEqual([
      "ar-ridge",
      "boosted-trees",
      "mlp",
      "moving-average",
      "persistence",
    ]);
    expect(of("forecaster").sort()).toEqual(["regret-forecaster", "z-forecaster"]);
    for (const { licence, data } of cards) expect([licence, data?.length]).toEqual(["Apache-2.0", 64]);
  });

  it("inferers are as good in onnxruntime as their cards say", async () => {
    const lazy = meanError(await say("persistence"));
    for (const { name, quality } of cards.filter(({ role }) => role === "inferer")) {
      expect(Math.abs(1 - meanError(await say(name)) / lazy - quality), name).toBeLessThan(0.05);
    }
  });

  it("inferers say a thousand times as much of a series that is a thousand times as large", async () => {
    for (const name of of("inferer")) {
      const [small, large] = [await say(name), await say(name, 1_000)];
      // A tree may fall to the other side of a threshold by a rounding: a few windows in a thousand.
      const apart = large.filter((value, at) => Math.abs(value / 1_000 - small[at]!) > 1e-3).length;
      expect(apart, name).toBeLessThan(STEPS / 200);
    }
  });

  it.each(of("forecaster"))("%s expects more of who was better, whoever stands beside it", async (name) => {
    const better = peer([-2, -2.1, -1.9, -2, -2.2, -2, -2, -2.1], 0.8);
    const worse = peer([0.4, 0.5, 0.3, 0.4, 0.4, 0.6, 0.5, 0.4], -0.8);
    const { data } = peerFeatures([worse, better, worse], series.slice(0, WINDOW), -1);
    const rows = Float32Array.from([...data, ...data]);
    const { rz } = await (await open(name)).run({
      peers: new OrtTensor("float32", rows, [2, 3, PEER_FEATURES]),
    });
    expect(rz!.dims).toEqual([2, 3]);
    const said = [...(rz!.data as Float32Array)];
    expect(said[1]).toBeGreaterThan(said[0]!);
    expect(said[0]).toBe(said[2]);
    expect(said.slice(3)).toEqual(said.slice(0, 3)); // another request in the same batch changes nothing
    const alone = new OrtTensor("float32", data.slice(0, PEER_FEATURES), [1, 1, PEER_FEATURES]);
    expect(Number.isFinite((await (await open(name)).run({ peers: alone })).rz!.data[0])).toBe(true);
  });
});

describe("what miners see", () => {
  it("is the newest of a series, and its first value where it has not been long enough", () => {
    expect([...seriesFeatures([]).data]).toEqual(new Array(WINDOW).fill(0));
    expect([...seriesFeatures([3, 4]).data]).toEqual([...new Array(WINDOW - 1).fill(3), 4]);
    expect(seriesFeatures(series).data[0]).toBeCloseTo(series.at(-WINDOW)!, 5);
  });

  it("is a row for each peer, also for one of which nothing is known, and finite for the wildest", () => {
    const wild = peer([1e300, -1e300], 1e300);
    const { shape, data } = peerFeatures([peer([], 0), wild], [1e300, -1e300], -1e300);
    expect(shape).toEqual([1, 2, PEER_FEATURES]);
    expect(data.every(Number.isFinite)).toBe(true);
  });
});
