import { z } from "zod";
import { SubforgeError } from "../../errors.ts";
import type { BlockNumber, Hex } from "../../types.ts";
import type { Inclusion } from "../chain.ts";
import { type EventRecord, failureOf } from "../extrinsic-outcome.ts";
import { hashOf, parseHeader } from "../link/block-header.ts";
import type { EndpointPool } from "../link/endpoint-pool.ts";
import type { Runtimes } from "../runtime/runtimes.ts";

/** Hashes asked at once. */
const HASHES_AT_ONCE = 128;

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const hashes = z.array(hash.nullable());
const block = z.object({
  block: z.object({ header: z.unknown(), extrinsics: z.array(z.string().regex(/^0x([0-9a-f]{2})*$/)) }),
});

/** Looks for calls in blocks: the only proof of what became of them. */
export class BlockSearch {
  readonly #pool: EndpointPool;
  readonly #runtimes: Runtimes;

  constructor(pool: EndpointPool, runtimes: Runtimes) {
    this.#pool = pool;
    this.#runtimes = runtimes;
  }

  /** @returns undefined when the block does not exist (yet, or any more). */
  async blockHash(number: BlockNumber): Promise<Hex | undefined> {
    const [found] = await this.#hashesOf([number]);
    return found;
  }

  /** The newest first: that is where a call mostly is. */
  async between(extrinsicHash: Hex, from: BlockNumber, to: BlockNumber): Promise<Inclusion | undefined> {
    for (let last = to; last >= from; last -= HASHES_AT_ONCE) {
      const first = Math.max(from, last - HASHES_AT_ONCE + 1);
      const numbers = Array.from({ length: last - first + 1 }, (_, i) => last - i);
      for (const blockHash of await this.#hashesOf(numbers)) {
        const found = blockHash && (await this.inBlock(extrinsicHash, blockHash));
        if (found) return found;
      }
    }
    return undefined;
  }

  /**
   * @returns undefined when it is not in this block, or this block is unknown to the chain by now.
   * @throws SubforgeError CHAIN_STATE_PRUNED when the call is there and no endpoint has the events any more
   */
  async inBlock(extrinsicHash: Hex, blockHash: Hex): Promise<Inclusion | undefined> {
    const answer = await this.#pool.ask("chain_getBlock", [blockHash]);
    if (answer === null) return undefined;
    const parsed = block.safeParse(answer);
    const header = parsed.success ? parseHeader(parsed.data.block.header) : undefined;
    if (!parsed.success || !header) {
      throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "a block", problem: "it is no block" });
    }
    const index = parsed.data.block.extrinsics.findIndex(
      (bytes) => hashOf(Buffer.from(bytes.slice(2), "hex")) === extrinsicHash,
    );
    if (index === -1) return undefined;
    const error = await this.#failureAt(blockHash, header.parentHash, index);
    const finalized = (this.#pool.finalized?.number ?? -1) >= header.number;
    const where = { block: header.number, blockHash, extrinsicHash, finalized };
    return error ? { ok: false, ...where, error } : { ok: true, ...where };
  }

  async #failureAt(blockHash: Hex, parentHash: Hex, index: number) {
    const { api } = await this.#runtimes.after(parentHash);
    const at = await api.at(blockHash, api.runtimeVersion);
    const records = (await at.query.system.events()) as unknown as EventRecord[];
    return failureOf(records, index, (module) => api.registry.findMetaError(module));
  }

  async #hashesOf(numbers: BlockNumber[]): Promise<(Hex | undefined)[]> {
    const parsed = hashes.safeParse(await this.#pool.ask("chain_getBlockHash", [numbers]));
    if (!parsed.success || parsed.data.length !== numbers.length) {
      throw new SubforgeError("CHAIN_BAD_ANSWER", {
        what: "hashes of blocks",
        problem: "they are no hashes",
      });
    }
    return parsed.data.map((found) => (found as Hex | null) ?? undefined);
  }
}
