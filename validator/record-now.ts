import type { Chain, SubnetRules } from "../shared/chain/chain.ts";
import type { Metagraph } from "../shared/chain/metagraph.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { RecordedContext } from "../shared/journal/epoch-rows.ts";
import type { BlockNumber, Hotkey } from "../shared/types.ts";
import { beaconOf } from "./epoch-secret.ts";

/**
 * The running epoch of one mechanism, by what the chain shows now: who takes part is who was registered when it began.
 *
 * @throws SubforgeError CHAIN_BLOCK_MISSING
 */
export async function recordNow(
  { mechanism, validator }: { mechanism: number; validator: Hotkey },
  { chain, rules, metagraph }: { chain: Pick<Chain, "blockHash">; rules: SubnetRules; metagraph: Metagraph },
): Promise<RecordedContext> {
  const { netuid, epochIndex: epoch, lastEpochBlock: startBlock, tempo } = rules;
  const participants = metagraph.neurons
    .filter(({ registeredAt }) => registeredAt <= startBlock)
    .map(({ uid, hotkey, coldkey, stakeRao, validatorPermit, registeredAt, axon }) => ({
      ...{ uid, hotkey, coldkey, stakeRao, validatorPermit, registeredAt, ip: axon?.ip },
    }));
  const beacon = await beaconAt(startBlock, chain);
  return { netuid, mechanism, epoch, startBlock, tempo, validator, participants, beacon };
}

/** @throws SubforgeError CHAIN_BLOCK_MISSING */
export async function beaconAt(block: BlockNumber, chain: Pick<Chain, "blockHash">): Promise<Uint8Array> {
  const hash = await chain.blockHash(block);
  if (hash) return beaconOf(hash);
  throw new SubforgeError("CHAIN_BLOCK_MISSING", { block });
}
