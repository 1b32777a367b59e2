import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Netuid } from "../../shared/types.ts";
import { createDevSubnet, DEV_KEYS, minerKeys } from "../dev/dev-subnet.ts";
import { connectDevChain } from "./dev-client.ts";
import { warpChain } from "./warp-chain.ts";

/** The miner that is registered on the first subnet of a local chain. */
const MINER_INDEX = 1;

/** A subnet to try things on, and the public development keys that play its roles. */
export type FirstSubnet = { netuid: Netuid; validator: string; miner: string };

/** What its genesis needs. */
export const firstSubnetMiners = () => [minerKeys(MINER_INDEX)];

/**
 * Makes a started subnet with a registered miner and a validator that has stake and, since the first epoch is over, a permit.
 *
 * @param tempo - Blocks per epoch: 72 take 18 s at the usual 250 ms.
 * @throws what the chain throws
 */
export async function createFirstSubnet(endpoint: string, tempo: number): Promise<FirstSubnet> {
  const chain = await openSubstrateChain({ endpoint }, silentLogger);
  try {
    const { netuid } = await createDevSubnet(chain, {
      ...{ tempo, commitReveal: false, miners: firstSubnetMiners() },
    });
    const client = connectDevChain({ network: "local", endpoint });
    const whole = { blocks: undefined, to: undefined, time: undefined, epochs: 1, netuid };
    await warpChain(whole, { client, nowMs: Date.now(), onProgress: () => {} });
    return { netuid, validator: DEV_KEYS.validatorHotkey, miner: `//Miner//${MINER_INDEX}//hotkey` };
  } finally {
    await chain.close();
  }
}
