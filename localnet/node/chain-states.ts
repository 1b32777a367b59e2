import { SubforgeError } from "../../shared/errors.ts";
import type { ChainClock } from "./chain-clock.ts";
import type { ChainNode } from "./chain-node.ts";
import { headerHash } from "./header.ts";
import { type ChainDump, decodeStateFile, encodeStateFile, rulesOf } from "./state-file.ts";

/** What errors call a file that came over the wire. */
const LOADED = "the loaded state";

/** Hashes of earlier blocks in a dump: as many as the chain itself remembers. */
const DUMPED_HASHES = 2_400;

/** Chains as files: what a node dumps, and what it becomes. */
export class ChainStates {
  readonly #node: ChainNode;
  readonly #clock: ChainClock;

  constructor(node: ChainNode, clock: ChainClock) {
    this.#node = node;
    this.#clock = clock;
  }

  /** All that the chain needs to go on elsewhere. What waits in the pool stays behind. */
  dump(): Uint8Array {
    const { blocks, head, state, lastTimeMs, genesisHash } = this.#node;
    const dump: ChainDump = {
      ...rulesOf(this.#node),
      genesis: blocks.genesis.header,
      head: head.header,
      extrinsics: [...head.extrinsics],
      inherents: head.inherents,
      hashes: blocks.lastHashes(DUMPED_HASHES),
      root: state.lastRoot,
      timeMs: lastTimeMs,
      state: state.dump(),
    };
    return encodeStateFile(dump, genesisHash);
  }

  /**
   * Become the chain of a file while clients may be connected: it must have the same genesis.
   *
   * @throws SubforgeError CHAIN_STATE_INVALID, CHAIN_STATE_INCOMPATIBLE; then nothing has changed
   */
  load(file: Uint8Array): void {
    const dump = decodeStateFile(file, LOADED);
    const genesis = headerHash(dump.genesis);
    if (genesis !== this.#node.genesisHash)
      throw new SubforgeError("CHAIN_STATE_INCOMPATIBLE", {
        name: LOADED,
        problem: `it is of the chain ${genesis}, this is ${this.#node.genesisHash}`,
      });
    this.#become(dump, LOADED);
  }

  /** Become the chain of a file before anybody is connected: its genesis takes the place of ours. */
  restore(file: Uint8Array, name: string): void {
    this.#become(decodeStateFile(file, name), name);
  }

  #become(dump: ChainDump, name: string): void {
    this.#node.restore(dump, name);
    this.#clock.resumeAfter(Number(dump.timeMs));
  }
}
