import type { OperatorChain } from "../shared/chain/operator-chain.ts";
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { assertDevKeyAllowed, chainAt } from "./networks.ts";
import { quietLogger } from "./quiet-logger.ts";

export type ChainArgs = { network: string; logLevel: string; devKey?: string | undefined };

/**
 * Connect, work, and leave.
 *
 * @throws SubforgeError WALLET_DEV_KEY_REFUSED for a development key on a public network, and those of `openSubstrateChain`
 */
export async function withChain<T>(args: ChainArgs, work: (chain: OperatorChain) => Promise<T>): Promise<T> {
  const at = chainAt(args.network);
  const chain = await openSubstrateChain(at, quietLogger("chain", args));
  try {
    if (args.devKey !== undefined) assertDevKeyAllowed(chain.identity.genesis, ...at.endpoint);
    return await work(chain);
  } finally {
    await chain.close();
  }
}
