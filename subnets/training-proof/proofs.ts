import { createHash } from "node:crypto";
import { minerKey } from "../../shared/rules/miner-key.ts";
import { tensorBytes } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { State } from "./arithmetic.ts";

export type Proof = { side: "L" | "R"; hash: string }[];

const MAX_PROOF = 32;

export function hashOfState(state: State): string {
  const known = hashes.get(state) ?? computeHash(state);
  hashes.set(state, known);
  return known;
}

const hashes = new WeakMap<State, string>();

function computeHash(state: State): string {
  const hash = createHash("sha256");
  const names = Object.keys(state).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    const t = state[name]!;
    const head = Buffer.alloc(2 + 4 * t.shape.length);
    head[1] = t.shape.length;
    t.shape.forEach((d, i) => void head.writeUInt32LE(d, 2 + 4 * i));
    hash.update(name).update(head).update(tensorBytes(t));
  }
  return hash.digest("hex");
}

export function hashOfLosses(losses: Float32Array<ArrayBuffer>): string {
  return createHash("sha256")
    .update(new Uint8Array(losses.buffer, losses.byteOffset, losses.byteLength))
    .digest("hex");
}

function sha(...parts: (Uint8Array | string)[]): Buffer {
  const hash = createHash("sha256");
  for (const p of parts) hash.update(p);
  return hash.digest();
}

function leaf(index: number, hash: string, solver: Hotkey): Buffer {
  const at = Buffer.alloc(5);
  at.writeUInt32LE(index, 1);
  const data = Buffer.from(hash, "hex");
  return sha(at, index === 0 ? sha(data, minerKey(solver)) : data);
}

function levels(hashes: readonly string[], solver: Hotkey): Buffer[][] {
  const all = [hashes.map((hash, i) => leaf(i, hash, solver))];
  while (all.at(-1)!.length > 1) {
    const below = all.at(-1)!;
    const level: Buffer[] = [];
    for (let i = 0; i < below.length; i += 2) {
      level.push(i + 1 < below.length ? sha(Buffer.of(1), below[i]!, below[i + 1]!) : below[i]!);
    }
    all.push(level);
  }
  return all;
}

export function rootOf(hashes: readonly string[], solver: Hotkey): string {
  return levels(hashes, solver).at(-1)![0]!.toString("hex");
}

export function proofOf(hashes: readonly string[], solver: Hotkey, index: number): Proof {
  const proof: Proof = [];
  let at = index;
  for (const level of levels(hashes, solver).slice(0, -1)) {
    const sibling = level[at ^ 1];
    if (sibling) proof.push({ side: at & 1 ? "L" : "R", hash: sibling.toString("hex") });
    at >>= 1;
  }
  return proof;
}

export function isProven(
  of: { index: number; hash: string; leaves: number; solver: Hotkey; proof: Proof },
  root: string,
): boolean {
  let value = leaf(of.index, of.hash, of.solver);
  let at = of.index;
  let width = of.leaves;
  let used = 0;
  while (width > 1) {
    if ((at ^ 1) < width) {
      const step = of.proof[used++];
      if (!step || step.side !== (at & 1 ? "L" : "R")) return false;
      const other = Buffer.from(step.hash, "hex");
      value = step.side === "L" ? sha(Buffer.of(1), other, value) : sha(Buffer.of(1), value, other);
    }
    at >>= 1;
    width = (width + 1) >> 1;
  }
  return used === of.proof.length && value.toString("hex") === root;
}

export function parseProof(value: unknown): Proof {
  if (!Array.isArray(value) || value.length > MAX_PROOF) throw new Error("a proof is a short list");
  return value.map((step) => {
    const { side, hash } = step as { side: unknown; hash: unknown };
    if ((side !== "L" && side !== "R") || typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)) {
      throw new Error("a step of a proof has a side and a hash");
    }
    return { side, hash };
  });
}

export function parameterDistance(a: State, b: State): number {
  let sum = 0;
  for (const [name, { data }] of Object.entries(a)) {
    if (name.startsWith("v")) continue;
    data.forEach((value, i) => {
      sum += (value - b[name]!.data[i]!) ** 2;
    });
  }
  return Math.sqrt(sum);
}
