import type { Chain, Commitment, SubnetRules } from "../shared/chain/chain.ts";
import type { Metagraph, Neuron } from "../shared/chain/metagraph.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import type { RecordedContext } from "../shared/journal/epoch-rows.ts";
import type { Participant } from "../shared/template.ts";
import type { BlockNumber, Hex, Hotkey, Netuid } from "../shared/types.ts";
import { beaconOf, decodeCommitment } from "./epoch-secret.ts";

/** The part of the chain that is read for an epoch. */
export type RecordedChain = Pick<Chain, "blockHash" | "commitments">;

/**
 * The running epoch of one mechanism, by what the chain shows now: who takes part is who was registered when it began.
 *
 * @throws SubforgeError CHAIN_BLOCK_MISSING
 */
export async function recordNow(
  { mechanism, validator }: { mechanism: number; validator: Hotkey },
  { chain, rules, metagraph }: { chain: RecordedChain; rules: SubnetRules; metagraph: Metagraph },
): Promise<RecordedContext> {
  const { netuid, epochIndex: epoch, lastEpochBlock: startBlock, tempo } = rules;
  const neurons = metagraph.neurons.filter(({ registeredAt }) => registeredAt <= startBlock);
  const committed = await commitmentsAt(startBlock, netuid, neurons, chain);
  const participants = neurons.map((neuron): Participant => {
    const { uid, hotkey, coldkey, stakeRao, validatorPermit, registeredAt, axon } = neuron;
    const commitment = committed.get(hotkey);
    return {
      ...{ uid, hotkey, coldkey, stakeRao, validatorPermit, registeredAt, ip: axon?.ip },
      ...(hotkey === rules.ownerHotkey && { isOwner: true }),
      ...(commitment && { commitment }),
    };
  });
  const beacon = await beaconAt(startBlock, chain);
  return { netuid, mechanism, epoch, startBlock, tempo, validator, participants, beacon };
}

/**
 * What miners had committed to when the epoch began, the same for every validator. An endpoint that has forgotten that
 * block says what holds now: then what was committed later is left out, and a miner that replaced its commitment in
 * between has none.
 */
async function commitmentsAt(
  startBlock: BlockNumber,
  netuid: Netuid,
  neurons: readonly Neuron[],
  chain: RecordedChain,
): Promise<ReadonlyMap<Hotkey, Commitment>> {
  const hotkeys = neurons.map(({ hotkey }) => hotkey);
  const at = await hashAt(startBlock, chain);
  const found = await chain.commitments(netuid, hotkeys, at).catch((error: unknown) => {
    if (!isSubforgeError(error, "CHAIN_BAD_ANSWER")) throw error;
    return chain.commitments(netuid, hotkeys);
  });
  // Validators keep their secrets in the same place: nothing that a template is told.
  return new Map([...found].filter(([, { data, block }]) => block <= startBlock && !decodeCommitment(data)));
}

/** @throws SubforgeError CHAIN_BLOCK_MISSING */
export async function beaconAt(block: BlockNumber, chain: Pick<Chain, "blockHash">): Promise<Uint8Array> {
  return beaconOf(await hashAt(block, chain));
}

async function hashAt(block: BlockNumber, chain: Pick<Chain, "blockHash">): Promise<Hex> {
  const hash = await chain.blockHash(block);
  if (hash) return hash;
  throw new SubforgeError("CHAIN_BLOCK_MISSING", { block });
}
