import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseActive } from "./active-set.ts";
import { closeEpoch, initialTopic } from "./close-epoch.ts";
import { groupReveals } from "./gate.ts";
import { lossesOf } from "./losses.ts";
import { openEpoch } from "./open-epoch.ts";
import { listen } from "./reputers.ts";
import { scoreFractions } from "./rewards.ts";
import { weightedPercentiles } from "./statistics.ts";
import { TOPIC_DEFAULTS, type TopicConfig } from "./topic-config.ts";
import type { OpenEpoch, Reveals, TopicReport, TopicState } from "./types.ts";
import { weigh } from "./weights.ts";

/** Also very large and very small ones: losses of a bad worker are. */
const number = fc.oneof(
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.double({ min: -1e12, max: 1e12, noNaN: true }),
);

/** A few workers of whom some say nothing, some the same, and forecasters that also speak of nobody. */
const reveals = fc.record({
  values: fc.uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 7 }), value: number }), {
    minLength: 1,
    maxLength: 8,
    selector: ({ id }) => id,
  }),
  forecasts: fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 0, max: 3 }),
      elements: fc.array(fc.record({ id: fc.integer({ min: 0, max: 9 }), log10Loss: number }), {
        maxLength: 6,
      }),
    }),
    { maxLength: 3, selector: ({ id }) => id },
  ),
  truth: number,
});

const days = fc.array(reveals, { minLength: 1, maxLength: 12 });

const config = fc.record({
  rewardMap: fc.constantFrom("plain" as const, "gated" as const),
  norm: fc.constantFrom("stdev" as const, "stdev-filtered" as const),
  lossMethod: fc.constantFrom("mse" as const, "mae" as const, "mape" as const),
  maxInferers: fc.integer({ min: 1, max: 8 }),
  gateEpochs: fc.constantFrom(2, 10),
});

type Day = typeof reveals extends fc.Arbitrary<infer Value> ? Value : never;

function play(played: readonly Day[], options: Partial<TopicConfig>, name = (id: number) => `w${id}`) {
  const settings = { ...TOPIC_DEFAULTS, ...options };
  let topic: TopicState = initialTopic();
  const found: { open: OpenEpoch; report: TopicReport }[] = [];
  played.forEach(({ values, forecasts, truth }, nonce) => {
    const revealed: Reveals = {
      nonce,
      baseline: topic.truth?.value ?? null,
      values: values.map(({ id, value }) => ({ id: name(id), value, registeredAt: id })),
      forecasts: forecasts.map(({ id, elements }) => ({
        id: `f${id}`,
        registeredAt: id,
        elements: elements.map((element) => ({ id: name(element.id), log10Loss: element.log10Loss })),
      })),
    };
    const opened = openEpoch(topic, revealed, settings)!;
    const reports = [{ id: "v", stake: 1, losses: lossesOf(opened.open, truth, settings) }];
    const closed = closeEpoch(opened.topic, { open: opened.open, truth, reports }, settings);
    topic = closed.topic;
    found.push({ open: opened.open, report: closed.report });
  });
  return { topic, found };
}

/** NaN and infinity would become null on their way to disk. */
function expectFinite(value: object): void {
  const broken: string[] = [];
  JSON.stringify(value, (key, each) => {
    if (typeof each === "number" && !Number.isFinite(each)) broken.push(key);
    return each;
  });
  expect(broken).toEqual([]);
}

describe("a topic", () => {
  it("stays finite plain JSON, and pays everything or burns it, whatever is revealed", () => {
    fc.assert(
      fc.property(days, config, (played, options) => {
        const { topic, found } = play(played, options);
        expectFinite(topic);
        for (const { open, report } of found) {
          expectFinite({ open, report });
          const weights = [...report.inferers, ...report.forecasters].map(({ weight }) => weight);
          expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
          expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1 - report.burnt, 9);
          const shares = [...open.infererWeights, ...open.forecasterWeights];
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
          expect(open.band).toEqual(open.band.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("is the same in whatever order the reveals come in", () => {
    fc.assert(
      fc.property(days, config, (played, options) => {
        const turned = played.map((day) => ({
          ...day,
          values: day.values.toReversed(),
          forecasts: day.forecasts.toReversed(),
        }));
        expect(play(turned, options)).toEqual(play(played, options));
      }),
      { numRuns: 8 },
    );
  });

  it("combines to a value between the lowest and the highest that anybody revealed", () => {
    fc.assert(
      fc.property(days, config, (played, options) => {
        for (const { open } of play(played, options).found) {
          const values = open.inferers.map(({ value }) => value);
          const [low, high] = [Math.min(...values), Math.max(...values)];
          const slack = 1e-9 * Math.max(Math.abs(low), Math.abs(high), 1);
          for (const value of [open.combined, open.naive, open.outlierResistant, ...open.oneOutInferer]) {
            expect(value).toBeGreaterThanOrEqual(low - slack);
            expect(value).toBeLessThanOrEqual(high + slack);
          }
        }
      }),
      { numRuns: 8 },
    );
  });

  it("is not moved by clones that registered later, and pays them nothing", () => {
    fc.assert(
      fc.property(days, (played) => {
        const cloned = played.map((day) => ({
          ...day,
          values: [...day.values, { id: 100, value: day.values[0]!.value }],
        }));
        const options = { rewardMap: "gated", maxInferers: 32 } as const;
        const combined = (days: readonly Day[]) => play(days, options).found.map(({ open }) => open.combined);
        expect(combined(cloned)).toEqual(combined(played));
        const paid = play(cloned, options).found.flatMap(({ report }) => report.inferers);
        expect(paid.some(({ id }) => id === "w100")).toBe(false);
      }),
      { numRuns: 8 },
    );
  });

  it("forgets who was away longest before it grows beyond two workers a seat", () => {
    const newcomers = Array.from(
      { length: 12 },
      (_, id): Day => ({
        values: [{ id, value: id }],
        forecasts: [],
        truth: 1,
      }),
    );
    const { topic } = play(newcomers, { maxInferers: 2 }, (id) => `w${String(id).padStart(2, "0")}`);
    expect(topic.inferers.map(({ id }) => id)).toEqual(["w08", "w09", "w10", "w11"]);
    expect(topic.oneOutRegrets.map((row) => row.length)).toEqual([4, 4, 4, 4]);
  });
});

describe("parts of it", () => {
  it("weighs who has more regret no less, and is not moved by all regrets moving together below the anchor", () => {
    const regrets = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(regrets, (values) => {
        const sorted = Float64Array.from(values).sort();
        const weights = new Float64Array(sorted.length);
        weigh(sorted, sorted.length, weights, TOPIC_DEFAULTS);
        expect(weights).toEqual(weights.toSorted());
        expect(weights.at(-1)).toBeGreaterThan(0);
      }),
    );
  });

  it("maps scores to shares that sum to 1 and never pays a lower score more", () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 20 }), (scores) => {
        const sorted = scores.toSorted((a, b) => a - b);
        const shares = scoreFractions(sorted, sorted, TOPIC_DEFAULTS);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      }),
    );
  });

  it("puts every reveal into exactly one group, led by who registered first", () => {
    const claim = fc.record({ value: fc.integer({ min: 0, max: 4 }), registeredAt: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 20 }), (claims) => {
        const revealed = claims.map((each, i) => ({ ...each, id: `w${i}` }));
        const groups = groupReveals(revealed, { absolute: 1e-9, relative: 1e-6 });
        expect(groups.flat().length).toBe(claims.length);
        for (const group of groups) {
          expect(new Set(group.map(({ value }) => value)).size).toBe(1);
          expect(Math.min(...group.map(({ registeredAt }) => registeredAt))).toBe(group[0]!.registeredAt);
        }
      }),
    );
  });

  it("keeps percentiles within the values and in their order", () => {
    const entry = fc.tuple(number, fc.double({ min: 1e-6, max: 10, noNaN: true }));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
        const values = entries.map(([value]) => value);
        const found = weightedPercentiles(
          values,
          entries.map(([, weight]) => weight),
          [2.28, 50, 97.72],
        );
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        expect(found[0]).toBeGreaterThanOrEqual(Math.min(...values));
        expect(found[2]).toBeLessThanOrEqual(Math.max(...values));
      }),
    );
  });

  it("keeps listening to at least half of the stake", () => {
    const row = fc.array(fc.double({ min: -6, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
    const reputer = fc.tuple(row, fc.double({ min: 1, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(fc.array(reputer, { minLength: 1, maxLength: 6 }), (reputers) => {
        const stakes = reputers.map(([, stake]) => stake);
        let coefficients = stakes.map(() => 1);
        for (let epoch = 0; epoch < 5; epoch++)
          ({ coefficients } = listen(
            reputers.map(([losses]) => losses),
            stakes,
            coefficients,
          ));
        const total = stakes.reduce((sum, stake) => sum + stake, 0);
        const listened = stakes.reduce((sum, stake, i) => sum + stake * coefficients[i]!, 0);
        expect(listened / total).toBeGreaterThanOrEqual(0.5 - 1e-9);
      }),
      { numRuns: 15 },
    );
  });

  it("gives a quarter of the seats to those who have waited longest", () => {
    const revealers = Array.from({ length: 12 }, (_, i) => ({
      id: `w${String(i).padStart(2, "0")}`,
      registeredAt: i,
    }));
    const known = revealers.slice(0, 11).map(({ id, registeredAt }, i) => ({
      ...{ id, registeredAt, seen: 5, lastNonce: i === 9 ? 3 : 20, regret: 0, naiveRegret: 0 },
      ...{ selfRegret: null, weight: 0, scores: [], scoreAverage: -i, skill: [], share: 0 },
    }));
    const chosen = chooseActive(revealers, known, 8).map(({ id }) => id);
    expect(chosen).toEqual(["w00", "w01", "w02", "w03", "w04", "w05", "w09", "w11"]);
  });
});
