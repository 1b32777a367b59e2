import { expect, it } from "vitest";
import type { JournalHistory } from "./history.ts";
import { checkLiveness } from "./liveness.ts";

const spans = [5, 6, 7, 8].map((epoch, index) => ({
  epoch,
  fromMs: index * 10_000,
  toMs: (index + 1) * 10_000,
}));

it("every quiet epoch after the first score has to have a verified vector", () => {
  const { owed, missed } = checkLiveness(spans, [], journal({ 6: "verified", 7: "abstained" }), 5);
  expect(owed).toEqual([6, 7, 8]);
  expect(missed).toEqual([
    { epoch: 7, why: "abstained window-over" },
    { epoch: 8, why: "no receipt, not planned" },
  ]);
});

it("nothing is owed in an epoch that trouble reached into, and what was verified anyway does no harm", () => {
  const troubles = [{ fromMs: 12_000, toMs: 31_000 }];
  expect(checkLiveness(spans, troubles, journal({ 6: "verified" }), 4)).toEqual({
    owed: [5],
    missed: [{ epoch: 5, why: "no receipt, not planned" }],
  });
});

it("trouble that was over before an epoch began excuses nothing", () => {
  const troubles = [{ fromMs: 1_000, toMs: 5_000 }];
  expect(checkLiveness(spans, troubles, journal({}), 5).owed).toEqual([6, 7, 8]);
});

function journal(statuses: Record<number, "verified" | "abstained">): JournalHistory {
  return {
    epochs: [],
    receipts: Object.entries(statuses).map(([epoch, status]) => ({
      ...{ netuid: 2, mechanism: 0, epoch: Number(epoch), status, content: undefined, decidedBlock: 1 },
      ...{ block: undefined, revealedBlock: undefined, extrinsicHash: undefined, signed: [] },
      reason: status === "abstained" ? "window-over" : undefined,
    })),
  };
}
