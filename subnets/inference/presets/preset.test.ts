import { describe, expect, it } from "vitest";
import { childSeed } from "../../../shared/rules/beacon.ts";
import { elementCount } from "../../../shared/tensor.ts";
import { PRESETS } from "./presets.ts";

const seedOf = (label: string) => childSeed(new Uint8Array(32), `preset.test ${label}`);
const presets = Object.entries(PRESETS);

/** Truth and an imitated model's answers to `count` items. */
function imitated(preset: (typeof presets)[number][1], model: string, skill: number, count: number) {
  const truth = preset.drawTruth(seedOf("items"), count);
  const y = preset.imitate(truth, seedOf("items"), { seed: seedOf(model), skill });
  return { truth, y };
}

describe.each(presets)("preset %s", (name, preset) => {
  it("is registered under its own name and draws what it declares", () => {
    expect(preset.name).toBe(name);
    const feeds = preset.drawFeeds(seedOf("shape"), 3);
    expect(Object.keys(feeds)).toEqual(preset.inputs.map((input) => input.name));
    for (const { name: input, dtype, shape, below } of preset.inputs) {
      expect(feeds[input]).toMatchObject({ dtype, shape: [3, ...shape] });
      expect(feeds[input]!.data).toHaveLength(3 * elementCount(shape));
      if (dtype === "int64") {
        const values = [...feeds[input]!.data].map(Number);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...values)).toBeLessThan(below!);
      }
    }
    expect(preset.drawTruth(seedOf("shape"), 3)).toHaveLength(3 * preset.truthWidth);
    expect(preset.prior).toHaveLength(preset.outputs);
  });

  it("draws the same bytes from the same seed, the first items of many as those of few, and others from another", () => {
    const [few, many, others] = [3, 5, 3].map((count, i) => {
      const seed = seedOf(i === 2 ? "others" : "bytes");
      return { truth: preset.drawTruth(seed, count), feeds: preset.drawFeeds(seed, count) };
    });
    expect(many!.truth.slice(0, few!.truth.length)).toEqual(few!.truth);
    for (const { name: input } of preset.inputs) {
      const data = few!.feeds[input]!.data;
      expect(many!.feeds[input]!.data.slice(0, data.length)).toEqual(data);
      expect(preset.drawFeeds(seedOf("bytes"), 3)[input]!.data).toEqual(data);
    }
    expect(others!.feeds.x!.data).not.toEqual(few!.feeds.x!.data);
  });

  it("is worth nothing to answer with the prior, or nothing at all", () => {
    const truth = preset.drawTruth(seedOf("prior"), 60);
    expect(preset.quality(truth, Array(60).fill(preset.prior).flat())).toBeLessThan(0.02);
    expect(preset.quality(new Float32Array(0), [])).toBe(0);
  });

  it("pays an imitated model by its skill: from nearly nothing to nearly all, in order", () => {
    const skills = Array.from({ length: 9 }, (_, i) => i / 8);
    const count = Math.ceil(6_000 / (10 + preset.outputs)); // a list of candidates tells more than one score does
    const truth = preset.drawTruth(seedOf("items"), count);
    const qualities = skills.map((skill) =>
      preset.quality(truth, preset.imitate(truth, seedOf("items"), { seed: seedOf("graded"), skill })),
    );
    expect(qualities[0]).toBeLessThan(0.1);
    expect(qualities.at(-1)).toBeGreaterThan(0.9);
    expect(qualities).toEqual(qualities.toSorted((a, b) => a - b));
  });

  it("gives an imitated model answers in range, the same ones each time", () => {
    const { y } = imitated(preset, "same", 0.6, 20);
    expect(imitated(preset, "same", 0.6, 20).y).toEqual(y);
    expect(y.every(Number.isFinite)).toBe(true);
    if (preset.range === "finite") return;
    expect(y.every((value) => value >= 0 && value <= 1)).toBe(true);
    if (preset.range === "unit") return;
    for (let row = 0; row < y.length; row += preset.outputs) {
      const sum = y.subarray(row, row + preset.outputs).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it("shows a clone by its residuals, also behind noise, and two models of equal skill not", () => {
    const [first, clone, stranger] = [
      imitated(preset, "first", 0.7, 60),
      imitated(preset, "first", 0.6, 60),
      imitated(preset, "stranger", 0.7, 60),
    ].map(({ truth, y }) => preset.residuals(truth, y));
    expect(first).toHaveLength(60 * preset.outputs);
    expect(correlation(first!, clone!)).toBeGreaterThan(correlation(first!, stranger!) + 0.3);
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const cross = (p: readonly number[], q: readonly number[], mp: number, mq: number) =>
    p.reduce((sum, value, i) => sum + (value - mp) * (q[i]! - mq), 0);
  return cross(a, b, meanA, meanB) / Math.sqrt(cross(a, a, meanA, meanA) * cross(b, b, meanB, meanB));
}
