import type { Chain } from "../../shared/chain/chain.ts";
import type { ChainValue } from "../../shared/template.ts";
import { TruthPending } from "./truth-pending.ts";

/**
 * A value of the chain at the block that the template named, once no fork can take that block away: every validator reads
 * the same.
 *
 * @returns As a source of truth gives it.
 * @throws TruthPending while the block is not final. SubforgeError of the chain, as when a node has forgotten the block
 */
export async function readChainTruth(
  chain: Pick<Chain, "finalizedHead" | "blockHash" | "valueAt">,
  value: ChainValue,
): Promise<{ value: number; block: number }> {
  const { block } = value;
  const { number } = await chain.finalizedHead();
  const hash = number >= block ? await chain.blockHash(block) : undefined;
  if (hash === undefined)
    throw new TruthPending(`block ${block} is not final; the last final one is ${number}`);
  return { value: await chain.valueAt(value, hash), block };
}
