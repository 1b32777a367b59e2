import { createHash } from "node:crypto";
import { minerKey } from "../../shared/rules/miner-key.ts";
import { tensorBytes } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { State } from "./graph/network.ts";
import { leadsTo, merkleProof, merkleRoot, type Proof } from "./protocol/merkle.ts";

/* How a solver is bound to its states: a hash of each, a Merkle root over all. */

/** One leaf: the hash of state `index` of so many. */
export type Leaf = { index: number; hash: string; leaves: number; solver: Hotkey };

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
  return merkleRoot(hashes.map((hash, index) => dataOf(index, hash, solver)));
}

/** That state `index` is a leaf of the root. */
export function proofOf(hashes: readonly string[], solver: Hotkey, index: number): Proof {
  return merkleProof(
    hashes.map((hash, at) => dataOf(at, hash, solver)),
    index,
  );
}

/** Does the proof lead from that leaf to the root? */
export function isProven({ hash, solver, ...leaf }: Leaf & { proof: Proof }, root: string): boolean {
  return leadsTo(root, { ...leaf, data: dataOf(leaf.index, hash, solver) });
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

/** What stands in a leaf: of the first state, its hash and the solver hashed together. */
function dataOf(index: number, hash: string, solver: Hotkey): Uint8Array {
  const data = Buffer.from(hash, "hex");
  return index === 0 ? createHash("sha256").update(data).update(minerKey(solver)).digest() : data;
}
