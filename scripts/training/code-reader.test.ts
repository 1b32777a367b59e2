import { describe, expect, it } from "vitest";
import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { DEFECTS } from "../../subnets/inference/presets/contract-audit/families.ts";
import { calibrate } from "./calibrate.ts";
import { ASKS, drawReadings, KINDS } from "./code-places.ts";
import {
  type CodeReader,
  createCodeReader,
  createTrace,
  judge,
  learnPlaces,
  lookUps,
  parametersOf,
  spread,
} from "./code-reader.ts";

const seed = childSeed(new Uint8Array(32), "code-reader.test");
const { truth, readings } = drawReadings(seed, 12);
const kinds = Math.max(...KINDS) + 1;
const shape = { kinds, width: 3, sightWindow: 3, window: 5, sights: 4, hidden: 6, outputs: DEFECTS.length };

/** Cross-entropy over the places of one contract, from what `judge` says when only one of them is there. */
function lossOf(net: CodeReader, index: number): number {
  const reading = readings[index]!;
  const trace = createTrace(shape, 1_024);
  return reading.places.reduce((sum, place) => {
    const z = judge(net, lookUps(net), { ...reading, places: [place] }, trace)[place.output]!;
    return sum + Math.log1p(Math.exp(place.isFlawed ? -z : z));
  }, 0);
}

describe("a code reader", () => {
  it("learns along the slope of its loss, as differences show for each kind of parameter", () => {
    const net = createCodeReader(shape, KINDS, randomFrom(seed));
    const values = parametersOf(net);
    const gradients = values.map(({ length }) => new Float64Array(length));
    const gathered = {
      sight: new Float64Array(shape.sightWindow * kinds * shape.sights),
      local: new Float64Array(shape.window * kinds * shape.hidden),
    };
    learnPlaces(net, lookUps(net), readings[0]!, createTrace(shape, 1_024), gradients, gathered);
    spread(net, gathered, gradients);
    values.forEach((value, part) => {
      const steepest = gradients[part]!.reduce(
        (best, g, i, all) => (Math.abs(g) > Math.abs(all[best]!) ? i : best),
        0,
      );
      const [step, middle] = [1e-5, value[steepest]!];
      value[steepest] = middle + step;
      const above = lossOf(net, 0);
      value[steepest] = middle - step;
      const slope = (above - lossOf(net, 0)) / (2 * step);
      value[steepest] = middle;
      expect(gradients[part]![steepest]! / slope).toBeCloseTo(1, 3);
    });
  });

  it("is asked at a flawed place for each defect of a contract, and at none that is not there", () => {
    readings.forEach(({ places }, item) => {
      const flawed = DEFECTS.map((_, k) =>
        places.some(({ output, isFlawed }) => output === k && isFlawed) ? 1 : 0,
      );
      expect(flawed).toEqual([...truth.subarray(item * DEFECTS.length, (item + 1) * DEFECTS.length)]);
    });
    for (let opcode = 0; opcode < 256; opcode++) {
      expect(ASKS.filter((asks) => asks[opcode]).length).toBeLessThanOrEqual(1);
    }
  });
});

describe("a calibrated certainty", () => {
  it("is worth the share of times that it was right, also where it was far too sure", () => {
    const observations = [-9, -6, 6, 9].flatMap((z) =>
      Array.from({ length: 100 }, (_, i) => ({ z, isFlawed: i < (z > 0 ? 80 : 10) })),
    );
    const { scale, shift } = calibrate(observations);
    const share = (z: number) => 1 / (1 + Math.exp(-(scale * z + shift)));
    expect((share(6) + share(9)) / 2).toBeCloseTo(0.8, 1);
    expect((share(-6) + share(-9)) / 2).toBeCloseTo(0.1, 1);
  });

  it("stays finite where certainty parts the two without a mistake, and where there is nothing to learn from", () => {
    const { scale } = calibrate([-3, -2, 2, 3].map((z) => ({ z, isFlawed: z > 0 })));
    expect(scale).toBeGreaterThan(1);
    expect(scale).toBeLessThan(20);
    expect(calibrate([])).toEqual({ scale: 1, shift: 0 });
  });
});
