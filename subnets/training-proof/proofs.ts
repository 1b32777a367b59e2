import { createHash } from "node:crypto";
import { minerKey } from "../../shared/rules/miner-key.ts";
import { tensorBytes } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { State } from "./graph/network.ts";

/*
 * How a solver is bound to its states: a hash of each, a Merkle root over all. Leaves and inner nodes are hashed apart,
 * and a node without a sibling moves up as it is: no two lists have one root.
 */

/** From the leaf upwards. `side`: where the sibling stands. `hash`: 64 lower-case digits. */
export type Proof = { side: "L" | "R"; hash: string }[];

/** One leaf: the hash of state `index` of so many. */
export type Leaf = { index: number; hash: string; leaves: number; solver: Hotkey };

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);
const MAX_PROOF = 32;
const HASH = /^[0-9a-f]{64}$/;

/**
 * SHA-256 over the tensors by name: name || 0 || u8 rank || u32 dimensions || float32 values, integers little-endian. 64
 * lower-case digits.
 */
export function hashOfState(state: State): string {
  const known = hashes.get(state) ?? computeHash(state);
  hashes.set(state, known);
  return known;
}

/** Of the bytes of a list of losses. 64 lower-case digits. */
export function hashOfLosses({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): string {
  return createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");
}

/** The root over the hashes of all states. The first leaf has the solver in it: nobody else can open that root. */
export function rootOf(hashes: readonly string[], solver: Hotkey): string {
  return levelsOf(hashes, solver).at(-1)![0]!.toString("hex");
}

/** That state `index` is a leaf of the root. */
export function proofOf(hashes: readonly string[], solver: Hotkey, index: number): Proof {
  return levelsOf(hashes, solver)
    .slice(0, -1)
    .flatMap((level, height) => {
      const at = index >> height;
      const sibling = level[at ^ 1];
      return sibling
        ? [{ side: at & 1 ? ("L" as const) : ("R" as const), hash: sibling.toString("hex") }]
        : [];
    });
}

/** Does the proof lead from that leaf to the root, step by step where it must? */
export function isProven(
  { index, hash, leaves, solver, proof }: Leaf & { proof: Proof },
  root: string,
): boolean {
  let value = leafOf(index, hash, solver);
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
    const { side, hash } = step ?? {};
    if ((side !== "L" && side !== "R") || typeof hash !== "string" || !HASH.test(hash)) {
      throw new Error("a step of a proof has a side and a hash");
    }
    return { side, hash };
  });
}

/** Goes when the state goes. */
const hashes = new WeakMap<State, string>();

function computeHash(state: State): string {
  const hash = createHash("sha256");
  const names = Object.keys(state).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    const value = state[name]!;
    const head = Buffer.alloc(2 + 4 * value.shape.length); // the name ends with a zero byte
    head.writeUInt8(value.shape.length, 1);
    value.shape.forEach((size, i) => {
      head.writeUInt32LE(size, 2 + 4 * i);
    });
    hash.update(name).update(head).update(tensorBytes(value));
  }
  return hash.digest("hex");
}

/** Leaves first, the root last. */
function levelsOf(hashes: readonly string[], solver: Hotkey): Buffer[][] {
  const levels = [hashes.map((hash, index) => leafOf(index, hash, solver))];
  for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!) {
    const pairs = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const [left, right] = [below[2 * i]!, below[2 * i + 1]];
      return right ? sha256(NODE, left, right) : left;
    });
    levels.push(pairs);
  }
  return levels;
}

/** SHA-256(0 || u32 index || hash): of the first state, the hash and the solver are hashed together before. */
function leafOf(index: number, hash: string, solver: Hotkey): Buffer {
  const at = Buffer.alloc(4);
  at.writeUInt32LE(index);
  const data = Buffer.from(hash, "hex");
  return sha256(LEAF, at, index === 0 ? sha256(data, minerKey(solver)) : data);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** L2 norm of the difference between the parameters of two states, velocities left out. */
export function parameterDistance(a: State, b: State): number {
  const squares = Object.entries(a)
    .filter(([name]) => `v${name}` in a)
    .map(([name, { data }]) => data.reduce((sum, value, i) => sum + (value - b[name]!.data[i]!) ** 2, 0));
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
}
