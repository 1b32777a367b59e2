import { SubforgeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { BlockNumber } from "../types.ts";
import type { BlockHead } from "./chain.ts";
import type { EndpointPool } from "./link/endpoint-pool.ts";
import type { BlockSearch } from "./sending/block-search.ts";

/** Blocks that are caught up with one by one: an hour of the real chain. */
const CATCH_UP = 300;

/**
 * New best blocks in order, each number once, whichever endpoint tells them. A connection that was lost leaves no gap
 * and brings nothing twice.
 */
export async function* followHeads(
  pool: EndpointPool,
  search: BlockSearch,
  logger: Logger,
  signal: AbortSignal,
): AsyncIterable<BlockHead> {
  let wake = (): void => {};
  const onNews = () => wake();
  const stopListening = pool.onChange(onNews);
  signal.addEventListener("abort", onNews, { once: true });
  try {
    let last: BlockNumber | undefined;
    while (!signal.aborted) {
      const { best } = pool;
      if (best === undefined || (last !== undefined && best.number <= last)) {
        if (pool.isClosed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal.aborted || pool.isClosed) resolve();
        });
        continue;
      }
      let next: BlockNumber = last === undefined ? best.number : last + 1;
      if (best.number - next >= CATCH_UP) {
        logger.warn("chain.blocks-skipped", { from: next, to: best.number - 1 });
        next = best.number;
      }
      yield next === best.number ? best : await headAt(pool, search, next);
      last = next;
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", onNews);
  }
}

async function headAt(pool: EndpointPool, search: BlockSearch, number: BlockNumber): Promise<BlockHead> {
  const hash = await search.blockHash(number);
  if (hash === undefined) throw new SubforgeError("CHAIN_BLOCK_MISSING", { block: number });
  return pool.headOf(hash);
}
