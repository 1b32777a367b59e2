import { describe, expect, it } from "vitest";
import { playEpoch } from "../../../shared/play-epoch.ts";
import { childSeed } from "../../../shared/rules/beacon.ts";
import { spearman } from "../../../shared/rules/spearman.ts";
import { honestPlayer } from "../../../simulator/template-checks/field.ts";
import { createField } from "../../field.test-kit.ts";
import { listModels } from "../../models.ts";
import { loadModel } from "../../ort-model.test-kit.ts";
import { PRESETS, type PresetName } from "./presets.ts";

/** Items that training used neither to learn nor to measure; as many as tell a quality to about 0.03. */
const ITEMS = { anomaly: 1_500, recommend: 600 };
const seed = childSeed(new Uint8Array(32), "preset models.test");

describe.each(["anomaly", "recommend"] as const)("the models that come with %s", async (name) => {
  const cards = await listModels("inference", name); // checks every sha256
  const useful = cards.slice(0, -1);

  it("are as good in onnxruntime as their cards say", async () => {
    const { drawFeeds, drawTruth, quality } = PRESETS[name];
    const feeds = drawFeeds(seed, ITEMS[name]);
    const truth = drawTruth(seed, ITEMS[name]);
    for (const card of cards) {
      const { y } = await (await loadModel("inference", card.name, name)).infer(feeds);
      expect(Math.abs(quality(truth, y!.data as Float32Array) - card.quality), card.name).toBeLessThan(0.08);
    }
  });

  it("are at least four and one that is worth nothing, each 0.05 better than the next", () => {
    expect(useful.length).toBeGreaterThanOrEqual(4);
    for (let i = 1; i < cards.length; i++) {
      expect(cards[i - 1]!.quality - cards[i]!.quality).toBeGreaterThanOrEqual(0.05);
    }
    expect(cards.at(-1)!.quality).toBe(0);
  });

  it("are ranked by what they earn after three epochs as by what they can do", async () => {
    expect(await rankAfterThreeEpochs(name, "a")).toBeGreaterThanOrEqual(0.95);
  });
});

/** Spearman's correlation of the weights with the qualities of the models' cards. */
async function rankAfterThreeEpochs(preset: PresetName, run: string): Promise<number> {
  const cards = await listModels("inference", preset);
  const players = await Promise.all(
    cards.map(
      async (card) =>
        [`5${card.name}`, honestPlayer(await loadModel("inference", card.name, preset))] as const,
    ),
  );
  const hotkeys = players.map(([hotkey]) => hotkey);
  const config = { preset, auditShare: 0, sameAddress: "off" };
  const { template, contextOf } = await createField("inference", hotkeys, run, config);
  let state = template.initialState();
  let weights: { uid: number; weight: number }[] = [];
  for (const epoch of [0, 1, 2]) {
    ({ state, weights } = await playEpoch(template, contextOf(epoch), state, new Map(players)));
  }
  return spearman(
    hotkeys.map((_, i) => weights.find(({ uid }) => uid === i + 1)?.weight ?? 0),
    cards.map(({ quality }) => quality),
  );
}
