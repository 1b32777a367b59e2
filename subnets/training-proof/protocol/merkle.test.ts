import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProven, proofOf, rootOf } from "../proofs.ts";
import { bisect } from "./bisect.ts";
import { detectionProbability, samplesNeeded } from "./detection.ts";
import { leadsTo, merkleProof, merkleRoot, parseProof } from "./merkle.ts";

const MOST = 70;
/** All small ones, and those around the next powers of two. */
const SIZES = [...Array(18).keys()].slice(1).concat(31, 32, 33, 63, 64, 65, MOST);
const data = Array.from({ length: MOST }, (_, i) => createHash("sha256").update(`state ${i}`).digest());

describe("a Merkle tree", () => {
  it("proves each leaf of lists of up to 70, and none at another place", () => {
    const wrong: string[] = [];
    for (const leaves of SIZES) {
      const list = data.slice(0, leaves);
      const root = merkleRoot(list);
      for (let index = 0; index < leaves; index++) {
        const leaf = { data: list[index]!, leaves, proof: merkleProof(list, index) };
        const elsewhere = { ...leaf, index: (index + 1) % (leaves + 1), leaves: leaves + 1 };
        if (!leadsTo(root, { ...leaf, index })) wrong.push(`${index} of ${leaves} is not proven`);
        if (leadsTo(root, elsewhere)) wrong.push(`${index} of ${leaves} is proven elsewhere`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("refuses a proof of which a bit is another one, or that is longer or shorter", () => {
    const cases = fc.record({
      leaves: fc.integer({ min: 2, max: MOST }),
      at: fc.nat(),
      byte: fc.nat({ max: 31 }),
      bit: fc.nat({ max: 7 }),
      place: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ leaves, at, byte, bit, place }) => {
        const list = data.slice(0, leaves);
        const [index, root] = [at % leaves, merkleRoot(list)];
        const proof = merkleProof(list, index);
        const flip = (hash: Uint8Array) => Buffer.from(hash).fill(hash[byte]! ^ (1 << bit), byte, byte + 1);
        const leaf = { index, data: list[index]!, leaves, proof };
        expect(leadsTo(root, { ...leaf, data: flip(list[index]!) })).toBe(false);
        expect(leadsTo(flip(Buffer.from(root, "hex")).toString("hex"), leaf)).toBe(false);
        const entry = place % proof.length;
        const changed = proof.with(entry, {
          ...proof[entry]!,
          hash: flip(Buffer.from(proof[entry]!.hash, "hex")).toString("hex"),
        });
        expect(leadsTo(root, { ...leaf, proof: changed })).toBe(false);
        expect(leadsTo(root, { ...leaf, proof: proof.slice(0, -1) })).toBe(false);
        expect(leadsTo(root, { ...leaf, proof: [...proof, proof[0]!] })).toBe(false);
      }),
    );
  });

  it("reads what it wrote, and nothing else", () => {
    const proof = merkleProof(data, 3);
    expect(parseProof(structuredClone(proof))).toEqual(proof);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        if (!Array.isArray(value) || value.length > 0) expect(() => parseProof(value)).toThrow(Error);
      }),
    );
  });
});

describe("the states of a solver", () => {
  it("section 6, a copied root: is not opened at its first state by somebody else, and at the others it is", () => {
    const hashes = data.slice(0, 9).map((hash) => hash.toString("hex"));
    const root = rootOf(hashes, "5Solver");
    for (const index of hashes.keys()) {
      const leaf = { index, hash: hashes[index]!, leaves: 9, proof: proofOf(hashes, "5Solver", index) };
      expect(isProven({ ...leaf, solver: "5Solver" }, root)).toBe(true);
      expect(isProven({ ...leaf, solver: "5Copier" }, root)).toBe(index !== 0);
    }
  });
});

describe("a parting", () => {
  it("section 6, dispute cost: is found in at most ceil(log2 n) comparisons, wherever it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.nat(), (intervals, at) => {
        const first = 1 + (at % intervals);
        const parting = bisect(intervals + 1, (index) => index < first);
        expect(parting.first).toBe(first);
        expect(parting.queries.length).toBeLessThanOrEqual(Math.ceil(Math.log2(intervals)));
      }),
    );
  });

  it("is one of the places at which they part, where they agree again in between", () => {
    const agreed = fc.array(fc.boolean(), { maxLength: 40 });
    fc.assert(
      fc.property(agreed, (between) => {
        const agree = [true, ...between, false];
        const { first } = bisect(agree.length, (index) => agree[index]!);
        expect([agree[first - 1], agree[first]]).toEqual([true, false]);
      }),
    );
  });
});

describe("an audit", () => {
  it("finds what it should with as many samples as it says, in a training of any length", () => {
    const cases = fc.tuple(
      fc.integer({ min: 100, max: 5_000 }),
      fc.double({ min: 0.05, max: 0.9, noNaN: true }),
    );
    fc.assert(
      fc.property(cases, ([intervals, share]) => {
        const sampled = Math.min(intervals, samplesNeeded(share, 0.99));
        const forged = Math.ceil(share * intervals);
        expect(detectionProbability(intervals, forged, sampled)).toBeGreaterThanOrEqual(0.99 - 1e-9);
      }),
    );
  });
});
