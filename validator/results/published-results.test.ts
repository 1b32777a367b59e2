import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EpochContext, PublishedResult, SubnetTemplate } from "../../shared/template.ts";
import type { Json } from "../../shared/types.ts";
import { arePublishable, publish } from "./published-results.ts";

const RESULT: PublishedResult = { nonce: 7, value: 1.5, ci: [1, 1.25, 1.75, 2], facts: { naive: 1.4 } };
const context = { epoch: 7 } as EpochContext;

describe("what a template publishes", () => {
  it("is taken as it is, from a state that it cannot change", () => {
    const state = { value: 1.5 };
    const template = publishing((given) => {
      const value = (given as { value: number }).value++;
      return { btc: { ...RESULT, value } };
    });
    expect(publish(template, context, state)).toEqual({ topics: [{ topic: "btc", result: RESULT }] });
    expect(state).toEqual({ value: 1.5 });
    expect(publish({}, context, state)).toEqual({ topics: [] });
  });

  it.each<[string, Record<string, unknown>]>([
    ["a name with other letters", { "Not A Name": RESULT }],
    ["a name too long", { ["x".repeat(65)]: RESULT }],
    ["too many topics", Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`t-${i}`, RESULT]))],
    ["no number", { btc: { ...RESULT, value: Number.NaN } }],
    ["a number no contract holds", { btc: { ...RESULT, value: 1e60 } }],
    ["a nonce that is no count", { btc: { ...RESULT, nonce: -1 } }],
    ["bounds out of order", { btc: { ...RESULT, ci: [2, 1, 1, 2] } }],
    ["three bounds", { btc: { ...RESULT, ci: [1, 2, 3] } }],
    ["facts that are no JSON", { btc: { ...RESULT, facts: { at: new Date(0) } } }],
    ["facts without end", { btc: { ...RESULT, facts: "x".repeat(70_000) } }],
  ])("is refused with a reason, all of it: %s", (_, published) => {
    const given = publish(
      publishing(() => ({ fine: RESULT, ...published }) as never),
      context,
      {},
    );
    expect(given).toEqual({ topics: [], problem: "the template published what is no result" });
  });

  it("may be anything at all, or nothing but a throw, and nothing throws here", () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(fc.string(), fc.anything()), fc.anything()), (published) => {
        const { topics } = publish(
          publishing(() => published as never),
          context,
          {},
        );
        expect(arePublishable(topics)).toBe(true);
      }),
      { numRuns: 100 },
    );
    const thrown = publishing(() => {
      throw new Error("no");
    });
    expect(publish(thrown, context, {})).toMatchObject({ topics: [], problem: expect.any(String) });
  });
});

function publishing(
  of: (state: Json) => Readonly<Record<string, PublishedResult>>,
): Pick<SubnetTemplate, "publish"> {
  return { publish: of };
}
