import type { Chain, Inclusion } from "./chain.ts";

/**
 * What has become of a call that was included: `final` for good, `best` so far, or `dropped` by a fork, after which it
 * is back in the pool, or gone.
 */
export async function standingOf(
  chain: Pick<Chain, "finalizedHead" | "blockHash">,
  { block, blockHash }: Pick<Inclusion, "block" | "blockHash">,
): Promise<"final" | "best" | "dropped"> {
  const finalized = await chain.finalizedHead();
  if ((await chain.blockHash(block)) !== blockHash) return "dropped";
  return finalized.number >= block ? "final" : "best";
}
