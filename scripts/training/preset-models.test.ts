import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../miner/inference/model-guard.ts";
import { modelFolder, never } from "../../miner/inference/pool.test-kit.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import { PRESETS } from "../../subnets/inference/presets/presets.ts";
import { listModels } from "../../subnets/models.ts";
import { measureLeakedPool } from "./leaked-pool.ts";
import { dataHash } from "./model-file.ts";

const models = modelFolder();

describe.each(["classification", "anomaly", "recommend"] as const)("models of %s", (preset) => {
  it("pass the miner's guard, with the inputs that the preset declares and any number of rows", async () => {
    for (const { path } of await listModels("inference", preset)) {
      const { info } = inspectModel(await readFile(path), path);
      expect(info.inputs).toMatchObject(
        PRESETS[preset].inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape: [null, ...shape] })),
      );
      expect(info.outputs).toMatchObject([{ name: "y", dtype: "float32" }]);
    }
  });

  it("were trained on what is drawn today", async () => {
    const hash = dataHash(preset);
    for (const { data } of await listModels("inference", preset)) expect(data).toBe(hash);
  });
});

describe("a model with two inputs", () => {
  it("is batched by rows in the miner: each of two requests at a time gets its own scores", async () => {
    const [best] = await listModels("inference", "recommend");
    const { pool } = await models.startPool(await readFile(best!.path), { isolation: "inline" });
    const seed = childSeed(new Uint8Array(32), "preset-models.test");
    const requests = [2, 3].map((items) => PRESETS.recommend.drawFeeds(seed, items));
    const [two, three] = await Promise.all(requests.map((feeds) => pool.infer(feeds, never)));
    expect(two!.y!.shape).toEqual([2, 100]);
    expect(three!.y!.shape).toEqual([3, 100]);
    // The first items of a draw are the same ones, so two of the three answers are known.
    expect(three!.y!.data.slice(0, 200)).toEqual(two!.y!.data);
  });
});

describe("section 3, precomputed: a model overfitted to the public pool", () => {
  it("gains at most 0.02 on fresh items over the same model without the leak", () => {
    const { gain, recalled, without } = measureLeakedPool(100);
    expect(without).toBeGreaterThan(0.3); // it has learned something
    expect(recalled).toBeGreaterThan(0.3);
    expect(gain).toBeLessThanOrEqual(0.02);
  });
});
