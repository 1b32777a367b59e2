import type { Logger } from "../../shared/logger.ts";
import type { Hex } from "../../shared/types.ts";
import type { RuntimeEngine } from "../engine.ts";
import { blake2b256 } from "../state/hashing.ts";
import type { State } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { bytesToHex } from "../types/hex.ts";
import { U64 } from "../types/primitives.ts";
import { DigestItem } from "../types/substrate-types.ts";
import type { Block } from "./block-store.ts";
import { headerHash } from "./header.ts";
import type { PooledTransaction } from "./transaction-pool.ts";

const AURA: Hex = "0x61757261";

/** Refused for lack of room in this block: it stays in the pool for the next one. */
const KEPT = ["ExhaustsResources", "Future"];

/** Transactions in a row that found no room, after which a block counts as full. */
const FULL_AFTER = 16;

export type BlockParts = {
  engine: RuntimeEngine;
  /** The parent's state, inside the layer of the new block. */
  state: State;
  parent: Block;
  /** Unix milliseconds. */
  nowMs: bigint;
  /** What may be included, in this order. */
  ready: readonly PooledTransaction[];
  /** Takes what turned out to be invalid. */
  refused: PooledTransaction[];
  /** What is written besides, before the transactions: for development. */
  change: ((store: Store) => void) | undefined;
};

/** Make one block. Throws what a hook of the runtime throws. */
export function buildBlock(parts: BlockParts, logger: Logger): Block {
  const { engine, state, parent, nowMs, ready, refused, change } = parts;
  const number = parent.header.number + 1;
  const inherents = engine.inherents(state, nowMs);
  engine.initialize(state, { parentHash: parent.hash, number, digest: [auraDigest(engine, nowMs)] });
  const extrinsics = [...inherents];
  for (const bytes of inherents) {
    const applied = engine.apply(state, bytes);
    if (!applied.ok) throw new Error(`an inherent was refused: ${JSON.stringify(applied.invalidity)}`);
  }
  change?.(state);
  let noRoom = 0;
  for (const entry of ready) {
    const outcome = apply(parts, entry, logger);
    if (outcome === "included") extrinsics.push(entry.bytes);
    if (outcome === "refused") refused.push(entry);
    noRoom = outcome === "kept" ? noRoom + 1 : 0;
    if (noRoom >= FULL_AFTER) break;
  }
  const header = engine.finalize(state, extrinsics);
  const extrinsicHashes = extrinsics.map((bytes) => bytesToHex(blake2b256(bytes)));
  return { hash: headerHash(header), header, extrinsics, extrinsicHashes, inherents: inherents.length };
}

function apply(
  { engine, state }: BlockParts,
  { hash, bytes }: PooledTransaction,
  logger: Logger,
): "included" | "refused" | "kept" {
  try {
    const applied = engine.apply(state, bytes);
    if (applied.ok) return "included";
    return typeof applied.invalidity === "string" && KEPT.includes(applied.invalidity) ? "kept" : "refused";
  } catch (error) {
    logger.error("transaction-crashed", { hash, reason: String(error) });
    return "refused";
  }
}

/** Which slot of time the block was made in. */
function auraDigest({ slotMs }: RuntimeEngine, nowMs: bigint): Hex {
  const slot = U64.encode(nowMs / BigInt(slotMs));
  return bytesToHex(DigestItem.encode({ type: "PreRuntime", value: [AURA, slot] }));
}
