import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { DevClient } from "./dev-client.ts";

/** Blocks of one call: the node answers nobody while it makes them, so not too many. */
const BLOCKS_PER_CALL = 500;

/** More is a mistyped number. */
export const MAX_BLOCKS = 1_000_000;

export type MadeBlocks = { made: number; block: BlockNumber; hash: Hex };

/**
 * Let the node make so many blocks, now.
 *
 * @param onProgress - Told how many of them there are, after each part but the last.
 */
export async function makeBlocks(
  client: DevClient,
  count: number,
  onProgress: (made: number) => void = () => {},
): Promise<MadeBlocks> {
  let hash: unknown = await client.ask("chain_getBlockHash");
  for (let made = 0; made < count; ) {
    const part = Math.min(BLOCKS_PER_CALL, count - made);
    hash = await client.ask("dev_newBlock", { count: part });
    made += part;
    if (made < count) onProgress(made);
  }
  return { made: count, block: await blockNumber(client, hash as Hex), hash: hash as Hex };
}

/** Number of a block, of the best one by default. */
export async function blockNumber(client: DevClient, hash?: Hex): Promise<BlockNumber> {
  const header = (await client.ask("chain_getHeader", ...(hash ? [hash] : []))) as { number: Hex };
  return Number(header.number);
}
