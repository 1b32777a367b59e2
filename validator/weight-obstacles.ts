import type { SubnetRules, WireWeights } from "../shared/chain/chain.ts";
import { type Metagraph, neuronByHotkey } from "../shared/chain/metagraph.ts";
import { findFlaw } from "../shared/chain/weights.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { WeightRecord } from "../shared/journal/weight-rows.ts";
import type { AbstainReason } from "./events.ts";
import type { WeightShare } from "./score-book.ts";
import type { WeightFacts } from "./weight-plan.ts";

/** What the chain would refuse, found out before anything is signed. "wait": it is allowed later in this epoch. */
export function findObstacle(
  key: EpochKey,
  { hotkey, rules, metagraph, lastUpdate, isOurs }: WeightFacts,
): AbstainReason | "wait" | undefined {
  const self = neuronByHotkey(metagraph, hotkey);
  const isOwner = hotkey === rules.ownerHotkey;
  if (rules.epochIndex !== key.epoch) return "window-over";
  if (!self) return "not-registered";
  if (key.mechanism >= rules.mechanisms) return "no-such-mechanism";
  if (!self.validatorPermit && !isOwner) return "no-permit";
  if (self.stakeRao < rules.stakeThresholdRao && !isOwner) return "stake-too-low";
  // A registration counts as an update.
  const isNewer = lastUpdate > Math.max(rules.lastEpochBlock, self.registeredAt);
  if (isNewer && !isOurs) return "set-by-another";
  const allowedFrom = lastUpdate === 0 ? 0 : lastUpdate + rules.weightsRateLimit;
  if (rules.block >= allowedFrom) return undefined;
  const inTime = rules.nextEpochBlock !== undefined && allowedFrom < rules.nextEpochBlock;
  return inTime ? "wait" : "rate-limit";
}

/** What has changed since an epoch's content was decided, so that it must not be signed any more, or not yet. */
export function findChange(record: WeightRecord, facts: WeightFacts): AbstainReason | "wait" | undefined {
  const obstacle = findObstacle(record, facts);
  if (obstacle) return obstacle;
  const { uids } = record.content!;
  const { neurons } = facts.metagraph;
  if (findFlaw(record.content!, neurons.length) !== undefined) return "content-invalid";
  const isReused = uids.some((uid) => (neurons[uid]?.registeredAt ?? Infinity) > record.decidedBlock);
  if (isReused) return "uid-reused";
  return uids.length < fewestEntries(facts.rules, neurons.length) ? "too-few-weights" : undefined;
}

/** The chain never asks for more entries than there are neurons. */
export function fewestEntries({ minAllowedWeights }: SubnetRules, slots: number): number {
  return Math.min(minAllowedWeights, slots);
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
