import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backOffMs } from "./back-off.ts";
import { type Candidate, inOrder, isLagging, isWritable } from "./choose-endpoint.ts";
import type { EndpointState } from "./endpoint.ts";
import { type EndpointDeed, rescore } from "./endpoint-score.ts";
import { RequestBudget } from "./request-budget.ts";

const endpoint = (url: string, part: Partial<Candidate> = {}): Candidate => ({
  url,
  state: "ready",
  score: 10,
  isSuspect: false,
  best: { number: 100 },
  ...part,
});

describe("the choice between endpoints", () => {
  it.each<[string, Partial<Candidate>, Partial<Candidate>, string[]]>([
    ["equal ones in the order of the list", {}, {}, ["a", "b"]],
    ["the better score first", { score: 2 }, {}, ["b", "a"]],
    ["one in step before one that lags", { best: { number: 96 } }, { score: -10 }, ["b", "a"]],
    ["one that lags by little is in step", { best: { number: 97 } }, {}, ["a", "b"]],
    ["a ready one before a syncing one", { state: "syncing" }, { score: -10 }, ["b", "a"]],
    ["a moving one before a suspect one", { isSuspect: true }, { score: 0 }, ["b", "a"]],
    ["never one that is down or foreign", { state: "down" }, { state: "foreign" }, []],
    ["one that lags, when there is no other", { best: { number: 1 } }, { state: "connecting" }, ["a"]],
  ])("puts %s", (_, a, b, order) => {
    const all = [endpoint("a", a), endpoint("b", b)];
    expect(inOrder(all, undefined).map(({ url }) => url)).toEqual(order);
  });

  it("stays with the present one until another is clearly better", () => {
    const [a, b] = [endpoint("a", { score: 7 }), endpoint("b")];
    expect(inOrder([a, b], a)[0]).toBe(a);
    a.score = 5;
    expect(inOrder([a, b], a)[0]).toBe(b);
  });

  it("never lets a transaction go to one that is not ready or not in step, whatever the others are", () => {
    const state = fc.constantFrom<EndpointState>("connecting", "ready", "syncing", "foreign", "down");
    const any = fc.record({
      url: fc.string(),
      state,
      score: fc.integer({ min: -10, max: 10 }),
      isSuspect: fc.boolean(),
      best: fc.option(fc.record({ number: fc.nat(20) }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), (all) => {
        const order = inOrder(all, all[0]);
        expect(order.every(({ state: is }) => is === "ready" || is === "syncing")).toBe(true);
        for (const one of all.filter((candidate) => isWritable(candidate, all))) {
          expect(one.state).toBe("ready");
          expect(isLagging(one, all)).toBe(false);
        }
        const firstBad = order.findIndex((one) => !isWritable(one, all));
        if (firstBad >= 0) expect(order.slice(firstBad).some((one) => isWritable(one, all))).toBe(false);
      }),
    );
  });
});

describe("a score", () => {
  it("falls by failures, rises by answers, and never leaves its bounds", () => {
    const deed = fc.constantFrom<EndpointDeed>(
      "answered",
      "late",
      "closed",
      "throttled",
      "malformed",
      "busy",
    );
    fc.assert(
      fc.property(fc.array(deed), (deeds) => {
        const end = deeds.reduce(rescore, 10);
        expect(end).toBeGreaterThanOrEqual(-10);
        expect(end).toBeLessThanOrEqual(10);
        expect(rescore(end, "answered")).toBeGreaterThanOrEqual(end);
        expect(rescore(end, "late")).toBeLessThanOrEqual(end);
      }),
    );
  });
});

describe("a pause before the next try", () => {
  it("grows to eight seconds, is spread, and is no shorter than what the endpoint asked for", () => {
    expect([1, 2, 3, 20].map((attempt) => backOffMs(attempt, 1))).toEqual([500, 1_000, 2_000, 8_000]);
    expect(backOffMs(3, 0)).toBe(1_000);
    expect(backOffMs(1, 1, 45_000)).toBe(45_000);
    expect(backOffMs(1, 1, 1e12)).toBe(300_000);
  });
});

describe("a budget of requests", () => {
  it("lets a burst through, then one at a time, and keeps the rate over any stretch", () => {
    const budget = new RequestBudget({ perSecond: 1, burst: 3 }, 0);
    expect([1, 2, 3].map(() => budget.take(0))).toEqual([0, 0, 0]);
    expect(budget.take(0)).toBe(1_000);
    expect(budget.take(0)).toBe(2_000);
    expect(budget.take(6_000)).toBe(0);
  });

  it("is halved when the endpoint had too much, and mends slowly", () => {
    const budget = new RequestBudget({ perSecond: 4, burst: 1 }, 0);
    budget.refused(0);
    expect(budget.take(0)).toBe(500);
    budget.refused(0);
    budget.take(0);
    expect(budget.take(0)).toBe(3_000);
    const later = 600_000;
    budget.take(later);
    expect(budget.take(later)).toBeLessThan(1_000);
  });
});
