import { describe, expect, it } from "vitest";
import type { EpochContext } from "../../shared/template.ts";
import { createField } from "../field.test-kit.ts";
import type { InferenceConfig } from "./config.ts";
import { PRESETS } from "./presets/presets.ts";
import {
  feedsOf,
  type InferenceTask,
  nameOf,
  orderRows,
  planQuestions,
  seedsOf,
  splitRows,
  truthOf,
} from "./questions.ts";
import { drawImages, PIXELS, SHAPES } from "./shapes.ts";

const { contextOf } = await createField("inference", ["5A", "5B"], "questions");
const context = contextOf(1) as EpochContext<InferenceConfig>;
const [job, nextJob] = planQuestions(context);
const task = job!.task;
const { truthWidth } = PRESETS.classification;

/** Images of one miner's question as text, in the order it sees them. */
function images(miner: string, of: InferenceTask = task): string[] {
  const { data } = feedsOf(of, miner).x!;
  return Array.from({ length: of.items }, (_, i) => data.slice(i * PIXELS, (i + 1) * PIXELS).join());
}

/** Where a miner sees an item that everybody gets. */
function sharedPositions(miner: string): number[] {
  const others = new Set(images(miner === "5A" ? "5B" : "5A"));
  return images(miner).flatMap((image, position) => (others.has(image) ? [position] : []));
}

describe("a round of questions", () => {
  it("has 70 % items of the miner's own and 30 % that everybody gets, in an order of its own", () => {
    expect(images("5A")).toHaveLength(64);
    expect(sharedPositions("5A")).toHaveLength(19);
    expect(sharedPositions("5A")).not.toEqual(sharedPositions("5B"));
  });

  it("knows the truth of every item, whatever order a miner sees them in", () => {
    const { data } = feedsOf(task, "5A").x!;
    const labels = orderRows(task, "5A", truthOf(task, "5A"), truthWidth);
    const seeds = seedsOf(task, "5A");
    const drawn = [
      ...[...drawImages(seeds.shared, [...truthOf(task, "5A").shared])],
      ...[...drawImages(seeds.unique, [...truthOf(task, "5A").unique])],
    ];
    expect([...data].sort()).toEqual(drawn.sort());
    expect(splitRows(task, "5A", labels, truthWidth)).toEqual(truthOf(task, "5A"));
    expect(splitRows(task, "5A", data as Float32Array, PIXELS).shared).toEqual(
      splitRows(task, "5B", feedsOf(task, "5B").x!.data as Float32Array, PIXELS).shared,
    );
    expect(truthOf(task, "5A").shared).toEqual(truthOf(task, "5B").shared);
  });

  it("never shows two miners, or one miner in two rounds, the same item otherwise", () => {
    const all = [...images("5A"), ...images("5B"), ...images("5A", nextJob!.task)];
    expect(new Set(all).size).toBe(3 * 64 - 19); // the shared ones of the first round were counted twice
  });

  it("has a name that is one miner's in one round, and says nothing of the seed", () => {
    const names = [nameOf(task, "5A"), nameOf(task, "5B"), nameOf(nextJob!.task, "5A")];
    expect(new Set(names).size).toBe(3);
    expect(names.every((name) => /^[0-9a-f]{32}$/.test(name) && !task.seed.includes(name))).toBe(true);
  });

  it("draws what the label says: the same seed with other labels gives other images", () => {
    const seed = context.beacon;
    const means = SHAPES.map((_, label) => drawImages(seed, [label]).reduce((sum, x) => sum + x, 0) / PIXELS);
    expect(new Set(means.map((mean) => mean.toFixed(4))).size).toBe(SHAPES.length);
  });

  it("is planned for nobody when there is no miner", () => {
    expect(planQuestions({ ...context, participants: context.participants.slice(0, 1) })).toEqual([]);
  });
});
