import type { SubnetRules, WireWeights } from "../shared/chain/chain.ts";
import { type WeightsMethod, weightsMethod } from "../shared/chain/commit-reveal.ts";
import { type Metagraph, neuronByHotkey } from "../shared/chain/metagraph.ts";
import { toWireWeights } from "../shared/chain/weights.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { BlockNumber, Hotkey } from "../shared/types.ts";
import type { AbstainReason } from "./events.ts";
import type { WeightShare } from "./score-book.ts";
import { fewestEntries, findObstacle, stillThere } from "./weight-obstacles.ts";

/** What the chain says now, and whether its last weights of this hotkey are ours. See `readWeightFacts`. */
export type WeightFacts = {
  hotkey: Hotkey;
  rules: SubnetRules;
  metagraph: Metagraph;
  /** Block of the hotkey's last weights or commit in this mechanism, 0 for none. */
  lastUpdate: BlockNumber;
  /** Does the journal know the call that made `lastUpdate`? */
  isOurs: boolean;
};

/** What would be sent for an epoch, or why not. `wait`: the chain takes it from this block on, still in this epoch. */
export type WeightPlan =
  | {
      status: "send";
      content: WireWeights;
      versionKey: number;
      method: WeightsMethod;
      /** Uids that earned nothing and are there because the chain wants so many entries. */
      filled: number;
    }
  | { status: "wait"; block: BlockNumber }
  | { status: "abstain"; reason: AbstainReason };

/**
 * The weights of one epoch as the chain takes them: window, rate limit, permit, stake, smallest number of entries, largest
 * share. Pure.
 *
 * @param shares - What the template gives, any unit. A uid that is somebody else's by now is left out.
 * @param burnShare - 0..1 of all weight goes to the uid of the subnet's owner, whose incentive the chain burns or recycles.
 * Default 0. With 1, nobody needs to have scored.
 * @throws SubforgeError WEIGHTS_INVALID
 */
export function planWeights(
  key: EpochKey,
  shares: readonly WeightShare[],
  facts: WeightFacts,
  { burnShare = 0 }: { burnShare?: number | undefined } = {},
): WeightPlan {
  const { rules, metagraph } = facts;
  const obstacle = findObstacle(key, facts);
  if (obstacle === "wait") return { status: "wait", block: facts.lastUpdate + rules.weightsRateLimit };
  if (obstacle) return { status: "abstain", reason: obstacle };
  const present = toFractions(stillThere(shares, metagraph));
  if (present.length === 0 && burnShare < 1) return { status: "abstain", reason: "nobody-scored" };
  const burned = withBurn(present, burnShare, rules.ownerHotkey, metagraph);
  if (!burned) return { status: "abstain", reason: "owner-not-registered" };
  const slots = metagraph.neurons.length;
  const minAllowedWeights = fewestEntries(rules, slots);
  const wire = toWireWeights(burned, { ...rules, minAllowedWeights }, slots);
  const content = fillUp(wire, minAllowedWeights, slots);
  const earning = new Set(burned.map(({ uid }) => uid));
  return {
    status: "send",
    content,
    versionKey: rules.weightsVersionKey,
    method: weightsMethod(rules),
    filled: content.uids.filter((uid) => !earning.has(uid)).length,
  };
}

/** Parts of 1: what is added to reach the smallest number of entries is a little in that unit. */
function toFractions(shares: readonly WeightShare[]): WeightShare[] {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  // Sums beyond what a number holds are scaled down first.
  if (!Number.isFinite(total)) {
    const largest = shares.reduce((max, { weight }) => Math.max(max, weight), 0);
    return toFractions(shares.map((share) => ({ ...share, weight: share.weight / largest })));
  }
  return shares.filter(({ weight }) => weight > 0).map((s) => ({ ...s, weight: s.weight / total }));
}

/** @returns undefined when there is something to burn, and no uid to burn it at. */
function withBurn(
  shares: readonly WeightShare[],
  burnShare: number,
  ownerHotkey: Hotkey,
  metagraph: Metagraph,
): WeightShare[] | undefined {
  if (burnShare === 0) return [...shares];
  const owner = neuronByHotkey(metagraph, ownerHotkey);
  if (!owner) return undefined;
  const earned = shares.find(({ uid }) => uid === owner.uid)?.weight ?? 0;
  const kept = shares
    .filter(({ uid }) => uid !== owner.uid)
    .map((share) => ({ ...share, weight: share.weight * (1 - burnShare) }))
    .filter(({ weight }) => weight > 0);
  return [...kept, { uid: owner.uid, hotkey: ownerHotkey, weight: earned * (1 - burnShare) + burnShare }];
}

/** Shares too small for a u16 were dropped; where entries are missing then, the lowest uids get the smallest weight. */
function fillUp({ uids, values }: WireWeights, fewest: number, slots: number): WireWeights {
  if (uids.length >= fewest) return { uids, values };
  const entries = new Map(uids.map((uid, i) => [uid, values[i]!]));
  for (let uid = 0; uid < slots && entries.size < fewest; uid++) {
    if (!entries.has(uid)) entries.set(uid, 1);
  }
  const ordered = [...entries].sort(([a], [b]) => a - b);
  return { uids: ordered.map(([uid]) => uid), values: ordered.map(([, value]) => value) };
}
