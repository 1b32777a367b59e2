import type { SubnetRules, WireWeights } from "../shared/chain/chain.ts";
import type { Metagraph, Neuron } from "../shared/chain/metagraph.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { BlockNumber } from "../shared/types.ts";
import type { AbstainReason } from "./events.ts";
import type { WeightShare } from "./score-book.ts";

/** What the chain knows of this validator, and this validator of itself. */
export type OwnStanding = {
  self: Neuron | undefined;
  /** Block of its last weights or commit in this mechanism, 0 for none. */
  lastUpdate: BlockNumber;
  epochStart: BlockNumber;
  /** Blocks of the last weights or commits in its journal. */
  ownBlocks: readonly (BlockNumber | undefined)[];
};

/** What the chain would refuse, found out before anything is signed. "wait": it is allowed later in this epoch. */
export function findObstacle(
  key: EpochKey,
  rules: SubnetRules,
  { self, lastUpdate, epochStart, ownBlocks }: OwnStanding,
): AbstainReason | "wait" | undefined {
  if (rules.epochIndex !== key.epoch) return "window-over";
  if (!self) return "not-registered";
  if (key.mechanism >= rules.mechanisms) return "no-such-mechanism";
  if (!self.validatorPermit) return "no-permit";
  if (self.stakeRao < rules.stakeThresholdRao) return "stake-too-low";
  const newer = lastUpdate > Math.max(epochStart, self.registeredAt);
  if (newer && !ownBlocks.includes(lastUpdate)) return "set-by-another";
  const allowedFrom = lastUpdate === 0 ? 0 : lastUpdate + rules.weightsRateLimit;
  if (rules.block >= allowedFrom) return undefined;
  const inTime = rules.nextEpochBlock !== undefined && allowedFrom < rules.nextEpochBlock;
  return inTime ? "wait" : "rate-limit";
}

/** A uid whose hotkey changed since the epoch began is somebody else, who has earned nothing yet. */
export function stillThere(shares: readonly WeightShare[], metagraph: Metagraph): WeightShare[] {
  return shares.filter(({ uid, hotkey }) => metagraph.neurons[uid]?.hotkey === hotkey);
}

/** The same weights, whatever their order. */
export function equalWeights(a: WireWeights, b: WireWeights): boolean {
  const inOrder = ({ uids, values }: WireWeights) =>
    JSON.stringify(uids.map((uid, i) => [uid, values[i]]).sort((x, y) => x[0]! - y[0]!));
  return inOrder(a) === inOrder(b);
}
