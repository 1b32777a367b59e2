import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { Header } from "../engine.ts";

export type Block = {
  hash: Hex;
  header: Header;
  extrinsics: readonly Uint8Array[];
  /** Hashes of the extrinsics, in their order. */
  extrinsicHashes: readonly Hex[];
};

/** The chain of blocks: no forks, the best block is the finalized one. */
export class BlockStore {
  readonly #byNumber: Block[] = [];
  readonly #byHash = new Map<Hex, Block>();

  get head(): Block {
    return this.#byNumber.at(-1)!;
  }

  append(block: Block): void {
    this.#byNumber.push(block);
    this.#byHash.set(block.hash, block);
  }

  byNumber(number: BlockNumber): Block | undefined {
    return this.#byNumber[number];
  }

  byHash(hash: Hex): Block | undefined {
    return this.#byHash.get(hash);
  }

  /** Forget what came after a block. */
  revertTo(number: BlockNumber): void {
    for (const block of this.#byNumber.splice(number + 1)) this.#byHash.delete(block.hash);
  }
}
