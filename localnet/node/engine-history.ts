import type { BlockNumber } from "../../shared/types.ts";
import type { RuntimeEngine } from "../engine.ts";

/** Which rules a chain had when: a runtime upgrade changes them from one block to the next. */
export class EngineHistory {
  readonly #all: { from: BlockNumber; engine: RuntimeEngine }[];

  constructor(first: RuntimeEngine) {
    this.#all = [{ from: 0, engine: first }];
  }

  /** Rules of the next block. */
  get latest(): RuntimeEngine {
    return this.#all.at(-1)!.engine;
  }

  /** Rules of the state after a block: those its child is made by. */
  after(block: BlockNumber): RuntimeEngine {
    return this.#all.findLast(({ from }) => from <= block)!.engine;
  }

  /** From the state after `block` on. */
  upgrade(block: BlockNumber, engine: RuntimeEngine): void {
    this.revertTo(block - 1);
    this.#all.push({ from: block, engine });
  }

  /** The chain has become another, under the latest rules. */
  restart(): void {
    this.#all.splice(0, this.#all.length, { from: 0, engine: this.latest });
  }

  /** Forget what came after a block. */
  revertTo(block: BlockNumber): void {
    while (this.#all.length > 1 && this.#all.at(-1)!.from > block) this.#all.pop();
  }
}
