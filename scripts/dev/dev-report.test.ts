import { describe, expect, it } from "vitest";
import type { Metagraph, Neuron } from "../../shared/chain/metagraph.ts";
import { paidLines } from "./dev-lines.ts";
import { DevReport, toOutcome } from "./dev-report.ts";

const miners = [
  { name: "good", hotkey: "5good", uid: 0, quality: 0.9, isAdversary: false },
  { name: "fair", hotkey: "5fair", uid: 1, quality: 0.6, isAdversary: false },
  { name: "silent", hotkey: "5silent", uid: 2, quality: 0, isAdversary: false },
];

const weights = { sent: { uids: [0, 1], values: [65_535, 9] }, block: 12, extrinsicHash: "0xaa" } as const;

function metagraph(incentives: number[]): Metagraph {
  const neurons = incentives.map((incentive, uid) => ({ uid, incentive, emissionRao: 5n }) as Neuron);
  return { netuid: 1, block: 20, neurons };
}

function reportWith(epoch: number): DevReport {
  const report = new DevReport(miners);
  report.scored(epoch, [
    { hotkey: "5good", score: 0.8, reason: "ok" },
    { hotkey: "5silent", score: 0, reason: "timeout" },
  ]);
  report.verified({
    epoch,
    ...weights,
    sent: { uids: [0, 1], values: [65_535, 9] },
    readBack: { uids: [0, 1], values: [65_535, 9] },
  });
  return report;
}

describe("the report of a development run", () => {
  it("holds an epoch back until the chain has paid it", () => {
    const report = reportWith(4);
    expect(report.paid(4, metagraph([1, 0, 0]))).toEqual([]);
    expect(report.paid(5, metagraph([0.75, 0.25, 0]))).toHaveLength(1);
    expect(report.paid(6, metagraph([0, 0, 1]))).toEqual([]);
    expect(report.epochs[0]).toMatchObject({ epoch: 4, paidAt: 20, spearman: 1 });
  });

  it("names for each miner what is true, what was scored and what was paid", () => {
    const [epoch] = reportWith(4).paid(5, metagraph([0.75, 0.25, 0]));
    expect(epoch?.miners).toMatchObject([
      { name: "good", quality: 0.9, score: 0.8, reason: "ok", incentive: 0.75 },
      { name: "fair", score: null, reason: null, incentive: 0.25 },
      { name: "silent", score: 0, reason: "timeout", incentive: 0 },
    ]);
  });

  it("says what adversaries were paid beside the honest miner that got most", () => {
    const [good, fair, silent] = miners;
    const report = new DevReport([good!, { ...fair!, isAdversary: true }, { ...silent!, isAdversary: true }]);
    report.verified({ epoch: 4, ...weights, readBack: weights.sent } as never);
    report.paid(5, metagraph([0.5, 0.25, 0]));
    const { adversaries } = toOutcome(report, {} as never);
    expect(adversaries).toEqual([
      { name: "fair", ofBest: 0.5 },
      { name: "silent", ofBest: 0 },
    ]);
  });

  it("compares qualities within a role, and calls the lowest correlation the whole one's", () => {
    const [good, fair, silent] = miners;
    const other = { name: "other", hotkey: "5other", uid: 3, quality: 0.1, isAdversary: false };
    const report = new DevReport([
      { ...good!, role: "inferer" },
      { ...fair!, role: "inferer" },
      silent!,
      { ...other, role: "forecaster" },
    ]);
    report.verified({ epoch: 4, ...weights, readBack: weights.sent } as never);
    const [epoch] = report.paid(5, metagraph([0.2, 0.3, 0, 0.5]));
    // The inferers are paid the wrong way round; the silent one counts in both roles.
    expect(epoch?.roles).toEqual([
      { role: "inferer", spearman: expect.closeTo(0.5, 9) },
      { role: "forecaster", spearman: expect.closeTo(1, 9) },
    ]);
    expect(epoch?.spearman).toBeCloseTo(0.5, 9);
    expect(paidLines(epoch!)[0]).toContain("0.50 among inferers, 1.00 among forecasters");
  });

  it("claims no correlation when nobody was paid", () => {
    expect(reportWith(4).paid(5, metagraph([0, 0, 0]))[0]?.spearman).toBeNull();
  });
});
