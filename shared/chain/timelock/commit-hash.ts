import { blake2b } from "@noble/hashes/blake2.js";
import type { Hex } from "../../types.ts";
import type { WireWeights } from "../chain.ts";
import { u16, u16Vector, u64 } from "./scale-bytes.ts";

/** Mechanisms of a subnet lie so many storage indexes apart. */
const MECHANISM_STRIDE = 4096;

/** Numbers that make a commit's hash unguessable, u16 each. */
export const SALT_LENGTH = 16;

/** The index under which a mechanism's weights and commits are stored. */
export function storageIndexOf(netuid: number, mechanism: number): number {
  return mechanism * MECHANISM_STRIDE + netuid;
}

/**
 * What `commit_weights` commits to, and `reveal_weights` must match.
 *
 * Source: opentensor/subtensor, get_commit_hash in pallets/subtensor/src/subnets/weights.rs.
 *
 * @param hotkey - public key, 32 bytes
 */
export function commitHash(
  hotkey: Uint8Array,
  storageIndex: number,
  { uids, values }: WireWeights,
  salt: readonly number[],
  versionKey: bigint,
): Hex {
  const parts = [
    hotkey,
    u16(storageIndex),
    u16Vector(uids),
    u16Vector(values),
    u16Vector(salt),
    u64(versionKey),
  ];
  return `0x${Buffer.from(blake2b(Buffer.concat(parts), { dkLen: 32 })).toString("hex")}`;
}
