import { hash } from "node:crypto";

/*
 * A tree over a list of hashes. Leaves and inner nodes are hashed apart, and a node without a sibling moves up as it is:
 * no two lists have one root. All hashes are SHA-256; in text they are 64 lower-case digits.
 */

/** From the leaf upwards. `side`: where the sibling stands. A level without a sibling has no entry. */
export type Proof = { side: "L" | "R"; hash: string }[];

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);
const MAX_PROOF = 32;
const HASH = /^[0-9a-f]{64}$/;

/** @param data - At least one hash. */
export function merkleRoot(data: readonly Uint8Array[]): string {
  return levelsOf(data).at(-1)![0]!.toString("hex");
}

/** That `data[index]` is a leaf of the root. */
export function merkleProof(data: readonly Uint8Array[], index: number): Proof {
  return levelsOf(data)
    .slice(0, -1)
    .flatMap((level, height) => {
      const at = index >> height;
      const sibling = level[at ^ 1];
      const side = at & 1 ? ("L" as const) : ("R" as const);
      return sibling ? [{ side, hash: sibling.toString("hex") }] : [];
    });
}

/** Does the proof lead from that leaf, one of so many, to the root: step by step where it must, and no further? */
export function leadsTo(
  root: string,
  { index, data, leaves, proof }: { index: number; data: Uint8Array; leaves: number; proof: Proof },
): boolean {
  let value = leafOf(index, data);
  let steps = 0;
  for (let [at, width] = [index, leaves]; width > 1; [at, width] = [at >> 1, (width + 1) >> 1]) {
    if ((at ^ 1) >= width) continue;
    const step = proof[steps++];
    const side = at & 1 ? "L" : "R";
    if (step?.side !== side) return false;
    const sibling = Buffer.from(step.hash, "hex");
    value = side === "L" ? sha256(NODE, sibling, value) : sha256(NODE, value, sibling);
  }
  return steps === proof.length && value.toString("hex") === root;
}

/** @throws Error when it is none */
export function parseProof(value: unknown): Proof {
  if (!Array.isArray(value) || value.length > MAX_PROOF) throw new Error("a proof is a short list");
  return value.map((step: Partial<Proof[number]> | null) => {
    const { side, hash: sibling } = step ?? {};
    if ((side !== "L" && side !== "R") || typeof sibling !== "string" || !HASH.test(sibling)) {
      throw new Error("a step of a proof has a side and a hash");
    }
    return { side, hash: sibling };
  });
}

/** Leaves first, the root last. */
function levelsOf(data: readonly Uint8Array[]): Buffer[][] {
  const levels = [data.map((value, index) => leafOf(index, value))];
  for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!) {
    const pairs = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const [left, right] = [below[2 * i]!, below[2 * i + 1]];
      return right ? sha256(NODE, left, right) : left;
    });
    levels.push(pairs);
  }
  return levels;
}

/** SHA-256(0 || u32 index || hash). */
function leafOf(index: number, data: Uint8Array): Buffer {
  const at = Buffer.alloc(4);
  at.writeUInt32LE(index);
  return sha256(LEAF, at, data);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return hash("sha256", Buffer.concat(parts), "buffer");
}
