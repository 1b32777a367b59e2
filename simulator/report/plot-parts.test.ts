import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeMarkup } from "./escape-markup.ts";
import { heatMap } from "./heat-map.ts";
import { linePlot } from "./line-plot.ts";
import { toSvgFile } from "./plot-frame.ts";
import { roundUp, ticksOf } from "./ticks.ts";

const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });

describe("what plots are made of", () => {
  it("has few round ticks within the range, evenly spaced", () => {
    expect(ticksOf(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksOf(3, 3, 5)).toEqual([3]);
    expect(ticksOf(0, 2, 8, true)).toEqual([0, 1, 2]);
    expect(ticksOf(1e9, 1e9 + 2 ** -22, 5)).toEqual([1e9]); // the next double: nothing lies between
    expect(ticksOf(0, Number.MIN_VALUE, 5)).toEqual([0]);
    fc.assert(
      fc.property(number, fc.double({ min: 1e-6, max: 1e3, noNaN: true }), (low, part) => {
        const width = part * Math.max(1, Math.abs(low)); // narrower, and the ticks would print alike
        const ticks = ticksOf(low, low + width, 6);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]!)).toBe(true);
      }),
    );
  });

  it("rounds an axis up to a little more than its greatest value", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (value) => {
        expect(roundUp(value)).toBeGreaterThanOrEqual(value * (1 - 1e-9));
        expect(roundUp(value)).toBeLessThanOrEqual(value * 2);
      }),
    );
  });

  it("shows any text as text, of any length", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        const text = String.fromCharCode(...units); // halves of pairs among them
        const escaped = escapeMarkup(text);
        expect(escaped).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
        expect(escaped).not.toMatch(/\p{Cs}|[\u202e\0]/u);
      }),
    );
  });

  it("never writes a place that is no number, whatever the curve does", () => {
    const points = fc.array(fc.record({ x: number, y: number }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(points, (drawn) => {
        const frame = { title: "t", describe: "d", height: 100 };
        const plot = linePlot({ frame, curves: [{ name: "c", series: 0, points: drawn }] });
        expect(plot).not.toMatch(/NaN|Infinity|undefined/);
      }),
      { numRuns: 50 },
    );
  });

  it("averages neighbours in a matrix that is too large to see", () => {
    const named = (count: number, what: string) => Array.from({ length: count }, (_, i) => `${what} ${i}`);
    const plot = heatMap(
      { title: "t", describe: "d" },
      { rows: named(64, "v"), columns: named(1_000, "m"), values: new Float64Array(64_000).fill(0.5) },
    );
    expect(plot.match(/class="bar cell/g)!.length).toBeLessThanOrEqual(32 * 96);
  });

  it("brings its colours along in a file of its own", () => {
    const file = toSvgFile(
      heatMap({ title: "t", describe: "d" }, { rows: ["v"], columns: ["m"], values: [1] }),
    );
    expect(file).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]*><style>.*prefers-color-scheme/s,
    );
  });
});
