import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SubnetRules } from "../../shared/chain/chain.ts";
import type { WeightRecord } from "../../shared/journal/weight-rows.ts";
import { compareWeights } from "./weight-diff.ts";
import { toReceipt, verdictOf } from "./weight-receipts.ts";
import { toWindow } from "./weight-status.ts";

const vector = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }))
  .chain((uids) =>
    fc
      .array(fc.integer({ min: 1, max: 65_535 }), { minLength: uids.length, maxLength: uids.length })
      .map((values) => ({ uids, values })),
  );

const nobody = { neurons: [] };

describe("what is told of weights", () => {
  test("a vector differs from itself nowhere, in whatever order, and from another one where they differ", () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const turned = { uids: [...a.uids].reverse(), values: [...a.values].reverse() };
        expect(compareWeights(a, turned, nobody)).toEqual([]);
        const there = compareWeights(a, b, nobody);
        const back = compareWeights(b, a, nobody);
        expect(there.map(({ uid, journal, chain }) => [uid, chain, journal])).toEqual(
          back.map(({ uid, journal, chain }) => [uid, journal, chain]),
        );
        expect(there.every(({ journal, chain }) => journal !== chain)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["never set", 0, 100],
    ["set lately", 95, 105],
    ["without a uid", undefined, null],
  ] as const)("the next window opens, %s", (_, lastUpdate, opensAt) => {
    const rules = { block: 100, epochIndex: 3, weightsRateLimit: 10, nextEpochBlock: 144 } as SubnetRules;
    expect(toWindow(rules, lastUpdate)).toMatchObject({ opensAt, epochEnds: 144, method: "plain" });
  });

  test("a receipt shows neither the salt that hides a vector nor the bytes that were signed", () => {
    const record = {
      ...{ netuid: 2, mechanism: 0, epoch: 7, status: "included", revealEpoch: 9, revealBlock: 300 },
      ...{ salt: [4711], call: { bytes: "0xdead" }, revealCall: { bytes: "0xbeef", extrinsicHash: "0xaa" } },
    } as unknown as WeightRecord;
    const receipt = toReceipt(record, { steps: () => [{ status: "signed", atMs: 0, detail: ["0xdead"] }] });
    expect(JSON.stringify(receipt)).not.toMatch(/4711|dead|beef/);
    expect(receipt).toMatchObject({
      revealExtrinsicHash: "0xaa",
      steps: [{ status: "signed", at: "1970-01-01T00:00:00.000Z" }],
    });
    expect(verdictOf(receipt)).toBe("committed, opens in epoch 9, about block 300");
  });
});
