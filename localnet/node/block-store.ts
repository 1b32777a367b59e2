import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { Header } from "../engine.ts";

export type Block = {
  hash: Hex;
  header: Header;
  extrinsics: readonly Uint8Array[];
  /** Hashes of the extrinsics, in their order. */
  extrinsicHashes: readonly Hex[];
  /** How many of the first extrinsics the author made itself: the others were sent by users. */
  inherents: number;
};

/**
 * The chain of blocks, without its forks. Of blocks beyond the limit only the hash is kept, so that a chain may run for
 * weeks.
 */
export class BlockStore {
  #genesis: Block;
  /** Blocks that are kept whole, besides genesis. */
  readonly keep: number;
  readonly #hashes: Hex[] = [];
  readonly #byHash = new Map<Hex, Block>();

  constructor(genesis: Block, keep: number) {
    this.#genesis = genesis;
    this.keep = keep;
    this.append(genesis);
  }

  get genesis(): Block {
    return this.#genesis;
  }

  get head(): Block {
    return this.byNumber(this.#hashes.length - 1)!;
  }

  append(block: Block): void {
    this.#hashes.push(block.hash);
    this.#byHash.set(block.hash, block);
    const forgotten = this.#hashes.length - 1 - this.keep;
    if (forgotten > 0) this.#byHash.delete(this.#hashes[forgotten]!);
  }

  hashOf(number: BlockNumber): Hex | undefined {
    return this.#hashes[number];
  }

  /** @returns undefined for a block that does not exist or is kept no longer */
  byNumber(number: BlockNumber): Block | undefined {
    const hash = this.#hashes[number];
    return hash === undefined ? undefined : this.#byHash.get(hash);
  }

  byHash(hash: Hex): Block | undefined {
    return this.#byHash.get(hash);
  }

  /** Forget what came after a block. */
  revertTo(number: BlockNumber): void {
    for (const hash of this.#hashes.splice(number + 1)) this.#byHash.delete(hash);
  }

  /** Hashes of the last blocks, oldest first. */
  lastHashes(count: number): Hex[] {
    return this.#hashes.slice(-count).filter((hash) => hash !== undefined);
  }

  /**
   * Become another chain.
   *
   * @param hashes - Of its last blocks, oldest first; those before them stay unknown.
   */
  restore(genesis: Block, hashes: readonly Hex[], head: Block): void {
    this.#genesis = genesis;
    this.#hashes.length = 0;
    this.#byHash.clear();
    for (const block of [genesis, head]) this.#byHash.set(block.hash, block);
    this.#hashes[0] = genesis.hash;
    const first = head.header.number + 1 - hashes.length;
    for (const [i, hash] of hashes.entries()) this.#hashes[first + i] = hash;
  }
}
