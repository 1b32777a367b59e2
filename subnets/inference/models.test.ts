import { describe, expect, it } from "vitest";
import { playEpoch } from "../../shared/play-epoch.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import { spearman } from "../../shared/rules/spearman.ts";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import { honestPlayer } from "../../simulator/template-checks/field.ts";
import { createField } from "../field.test-kit.ts";
import { listModels } from "../models.ts";
import { loadModel } from "../ort-model.test-kit.ts";
import { measureAccuracy, measureQuality } from "./quality.ts";
import { CLASSES, drawImages, drawLabels, PIXELS } from "./shapes.ts";

const cards = await listModels("inference"); // checks every sha256
const trained = cards.filter(({ name }) => name !== "guesser");
const prior = Array.from({ length: CLASSES }, () => 1 / CLASSES);

/** Images that training used neither to learn nor to measure. */
const seed = childSeed(new Uint8Array(32), "models.test");
const labels = drawLabels(seed, 3_000);
const x = tensor("float32", [labels.length, PIXELS], drawImages(seed, labels));

async function probabilitiesOf(name: string): Promise<Tensor> {
  const { y } = await (await loadModel("inference", name)).infer({ x });
  return y!;
}

describe("the models that come with inference", () => {
  it.each(cards.map((card) => [card.name, card] as const))(
    "%s is as good in onnxruntime as its card says",
    async (name, card) => {
      const { data } = await probabilitiesOf(name);
      const values = data as Float32Array;
      expect(Math.abs(measureQuality(labels, values, prior).quality - card.quality)).toBeLessThan(0.03);
      expect(Math.abs(measureAccuracy(labels, values, CLASSES) - card.accuracy)).toBeLessThan(0.03);
    },
  );

  it("are at least eight, a guesser aside, and each is 0.05 better than the next", () => {
    expect(trained.length).toBeGreaterThanOrEqual(8);
    for (let i = 1; i < trained.length; i++) {
      expect(trained[i - 1]!.quality - trained[i]!.quality).toBeGreaterThanOrEqual(0.05);
    }
    expect(cards.at(-1)).toMatchObject({ name: "guesser", quality: 0 });
  });

  it("are ranked by what they earn after three epochs as by what they can do", async () => {
    const hotkeys = cards.map(({ name }) => `5${name}`);
    const players = new Map(
      await Promise.all(
        cards.map(
          async ({ name }) => [`5${name}`, honestPlayer(await loadModel("inference", name))] as const,
        ),
      ),
    );
    for (const run of ["a", "b", "c"]) {
      const { template, contextOf } = await createField("inference", hotkeys, run);
      let played = await playEpoch(template, contextOf(0), template.initialState(), players);
      for (const epoch of [1, 2]) played = await playEpoch(template, contextOf(epoch), played.state, players);
      const weights = hotkeys.map((_, i) => played.weights.find(({ uid }) => uid === i + 1)?.weight ?? 0);
      expect(
        spearman(
          weights,
          cards.map(({ quality }) => quality),
        ),
      ).toBeGreaterThanOrEqual(0.95);
      expect(played.raw.get("5guesser")).toEqual({ score: 0, reason: "below-baseline" });
    }
  });
});
