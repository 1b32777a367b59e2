import { describe, expect, it } from "vitest";
import type { EpochContext } from "../../shared/template.ts";
import { createField } from "../field.test-kit.ts";
import type { InferenceConfig } from "./config.ts";
import { imagesOf, itemsOf, planQuestions } from "./questions.ts";
import { drawImages, PIXELS, SHAPES } from "./shapes.ts";

const { contextOf } = await createField("inference", ["5A", "5B"], "questions");
const context = contextOf(1) as EpochContext<InferenceConfig>;
const [job, nextJob] = planQuestions(context);
const task = job!.task;

function imageAt(miner: string, position: number): string {
  return imagesOf(task, miner)
    .subarray(position * PIXELS, (position + 1) * PIXELS)
    .join();
}

function sharedPositions(miner: string): number[] {
  return itemsOf(task, miner).flatMap((item, position) => (item.shared === undefined ? [] : [position]));
}

describe("a round of questions", () => {
  it("has 70 % images of the miner's own and 30 % that everybody gets", () => {
    expect(itemsOf(task, "5A")).toHaveLength(64);
    expect(sharedPositions("5A")).toHaveLength(19);
  });

  it("shows two miners the same shared images under the same labels, in an order of their own", () => {
    const [a, b] = [itemsOf(task, "5A"), itemsOf(task, "5B")];
    for (const position of sharedPositions("5A")) {
      const other = b.findIndex(({ shared }) => shared === a[position]!.shared);
      expect(b[other]!.label).toBe(a[position]!.label);
      expect(imageAt("5B", other)).toBe(imageAt("5A", position));
    }
    expect(sharedPositions("5A")).not.toEqual(sharedPositions("5B"));
  });

  it("never shows two miners, or one miner in two rounds, the same image otherwise", () => {
    const images = (miner: string, from = task) =>
      itemsOf(from, miner).map((_, i) =>
        imagesOf(from, miner)
          .subarray(i * PIXELS, (i + 1) * PIXELS)
          .join(),
      );
    const all = [...images("5A"), ...images("5B"), ...images("5A", nextJob!.task)];
    expect(new Set(all).size).toBe(3 * 64 - 19); // the shared ones of the first round were counted twice
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
