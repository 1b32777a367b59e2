import type { Chain } from "../shared/chain/chain.ts";
import { neuronByHotkey } from "../shared/chain/metagraph.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { WeightRecords } from "../shared/journal/weight-records.ts";
import type { WeightRecord } from "../shared/journal/weight-rows.ts";
import type { BlockNumber, Hotkey } from "../shared/types.ts";
import type { WeightFacts } from "./weight-plan.ts";

/** Receipts in which the chain's last weights are looked for. */
const RECEIPTS = 4;

export type WeightFactsDeps = {
  chain: Pick<Chain, "subnetRules" | "metagraph" | "lastUpdate" | "inclusionOf">;
  hotkey: Hotkey;
  weights: Pick<WeightRecords, "latestSigned">;
};

/** Asks the chain what decides whether, and how, weights may be set now. */
export async function readWeightFacts(
  { netuid, mechanism }: Omit<EpochKey, "epoch">,
  deps: WeightFactsDeps,
): Promise<WeightFacts> {
  const { chain, hotkey } = deps;
  const rules = await chain.subnetRules(netuid);
  const metagraph = await chain.metagraph(netuid);
  const self = neuronByHotkey(metagraph, hotkey);
  // The metagraph tells it of the main mechanism alone.
  const lastUpdate =
    !self || mechanism >= rules.mechanisms
      ? 0
      : mechanism === 0
        ? self.lastUpdate
        : await chain.lastUpdate(netuid, self.uid, mechanism);
  const isOurs = await isOurBlock(lastUpdate, { netuid, mechanism }, deps);
  return { hotkey, rules, metagraph, lastUpdate, isOurs };
}

/**
 * Does the journal know the call that a block has? A crash, or a fork that moved the call, leaves it under another block
 * or none: then its bytes are looked for.
 */
async function isOurBlock(
  block: BlockNumber,
  { netuid, mechanism }: Omit<EpochKey, "epoch">,
  { chain, weights }: Pick<WeightFactsDeps, "chain" | "weights">,
): Promise<boolean> {
  if (block === 0) return false;
  const records = weights.latestSigned(netuid, mechanism, RECEIPTS);
  if (records.some((record) => record.block === block)) return true;
  for (const record of records.filter((one) => couldBeIn(one, block))) {
    const found = await chain.inclusionOf(record.call!.extrinsicHash, record.decidedBlock);
    if (found?.block === block) return true;
  }
  return false;
}

function couldBeIn({ call, decidedBlock }: WeightRecord, block: BlockNumber): boolean {
  return call !== undefined && block > decidedBlock && block <= (call.validUntil ?? block);
}
