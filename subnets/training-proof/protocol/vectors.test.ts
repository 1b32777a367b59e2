import { describe, expect, it } from "vitest";
import { subnetVectors } from "../../../shared/rules/vectors.test-kit.ts";
import { tensor } from "../../../shared/tensor.ts";
import { hashOfState } from "../proofs.ts";
import { bisect } from "./bisect.ts";
import { detectionProbability, samplesNeeded } from "./detection.ts";
import { type Distance, distanceOf, verdictOf } from "./distance.ts";
import { leadsTo, merkleProof, merkleRoot, type Proof } from "./merkle.ts";

type Chances = { intervals: number; forged: number; sampled: number };
type Wanted = { forgedFraction: number; confidence: number };
type Pair = { a: number[]; b: number[]; dRef: number };
type Audited = { normalizedDistances: number[]; delta: number };
type Leaves = { stateHashes: string[]; index: number };
type Tree = { leaf: string; root: string; proof: Proof };
type Stored = { tensors: Record<string, { shape: number[]; data: number[] }> };
type Parted = { states: number; firstDivergence: number };

function casesOf<Input, Expected>(file: string, fn: string) {
  const vectors = subnetVectors<Input, Expected>(file);
  return vectors?.cases.filter((entry) => entry.fn === fn) ?? [];
}

describe.skipIf(!subnetVectors("pol_distance"))("pol_distance in ../shared, when it is there", () => {
  it.each(casesOf<Pair, Distance>("pol_distance", "distance"))("$id", ({ input, expected }) => {
    const found = distanceOf(input.a, input.b, input.dRef);
    for (const name of ["l1", "l2", "linf", "cos", "normalized"] as const) {
      expect(Math.abs(found[name] - expected[name])).toBeLessThanOrEqual(1e-13 + 1e-9 * expected[name]);
    }
  });

  it.each(casesOf<Chances, number>("pol_distance", "detectionProbability"))("$id", ({ input, expected }) => {
    const { intervals, forged, sampled } = input;
    expect(detectionProbability(intervals, forged, sampled)).toBeCloseTo(expected, 10);
  });

  it.each(casesOf<Wanted, number>("pol_distance", "samplesNeeded"))("$id", ({ input, expected }) => {
    expect(samplesNeeded(input.forgedFraction, input.confidence)).toBe(expected);
  });

  // Two pairs of cases have one input and two outcomes: of each pair, the one that the rule of the file itself gives.
  const verdicts = casesOf<Audited, ReturnType<typeof verdictOf>>("pol_distance", "verdict");
  const contradicted = verdicts.filter(
    ({ input, expected }) => !expected.accepted && input.normalizedDistances.every((of) => of <= input.delta),
  );
  it.each(verdicts.filter((entry) => !contradicted.includes(entry)))("$id", ({ input, expected }) => {
    expect(verdictOf(input.normalizedDistances, input.delta)).toEqual(expected);
  });
  it.each(contradicted)(
    "$id: has the input of another case, and an outcome against its own delta",
    (entry) => {
      const twin = verdicts.find(
        ({ id, input }) => id !== entry.id && JSON.stringify(input) === JSON.stringify(entry.input),
      );
      expect(twin?.expected).toEqual({ accepted: true, failing: [] });
      const { normalizedDistances, delta } = entry.input;
      const off = normalizedDistances.map((distance, i) =>
        entry.expected.failing.includes(i) ? 2 * delta : distance,
      );
      expect(verdictOf(off, delta)).toEqual(entry.expected);
    },
  );
});

describe.skipIf(!subnetVectors("pol_merkle"))("pol_merkle in ../shared, when it is there", () => {
  it.each(casesOf<Leaves, Tree>("pol_merkle", "merkle"))("$id", ({ input, expected }) => {
    const data = input.stateHashes.map((hash) => Buffer.from(hash, "hex"));
    const [index, leaves] = [input.index, data.length];
    const proof = merkleProof(data, index);
    expect({ root: merkleRoot(data), proof }).toEqual({ root: expected.root, proof: expected.proof });
    expect(leadsTo(expected.root, { index, data: data[index]!, leaves, proof })).toBe(true);
    if (leaves === 1) expect(merkleRoot(data)).toBe(expected.leaf);
  });

  it.each(casesOf<Stored, string>("pol_merkle", "stateHash"))("$id", ({ input, expected }) => {
    const entries = Object.entries(input.tensors).map(
      ([name, { shape, data }]) => [name, tensor("float32", shape, Float32Array.from(data))] as const,
    );
    expect(hashOfState(Object.fromEntries(entries))).toBe(expected);
  });

  it.each(
    casesOf<Parted, { queries: number[]; disputedInterval: number; rounds: number }>(
      "pol_merkle",
      "bisection",
    ),
  )("$id", ({ input, expected }) => {
    const { first, queries } = bisect(input.states, (index) => index < input.firstDivergence);
    expect({ queries, disputedInterval: first - 1, rounds: queries.length }).toEqual(expected);
  });
});
