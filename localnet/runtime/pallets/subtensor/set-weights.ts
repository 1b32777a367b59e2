import type { Netuid, Uid } from "../../../../shared/types.ts";
import { isMaxLimited, maxUpscaleWeights } from "../../consensus/u16.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hasEnoughStakeForWeights } from "./stake-weight.ts";
import { ownerUid, storageIndex, subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** Largest share of one uid: all of it. The chain has no other limit any more. */
const MAX_WEIGHT_LIMIT = 65_535;

/** A weight vector as it is submitted: two columns. */
export type SubmittedWeights = { uids: readonly Uid[]; values: readonly number[]; versionKey: bigint };

/** `set_weights` and its form with a mechanism. Refused as long as weights must be committed first. */
export function setWeights(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  mechanism: number,
  submitted: SubmittedWeights,
): void {
  ensure(!Hyperparameters.CommitRevealWeightsEnabled.get(c.store, netuid), errors.is.CommitRevealEnabled);
  storeWeights(c, hotkey, netuid, mechanism, submitted);
}

/**
 * Check a weight vector in the chain's order, scale it so that the largest is 65535, and store it as submitted. Where
 * weights are committed first, the commit was what counts against the rate limit and as the last update.
 */
export function storeWeights(
  c: Context,
  hotkey: Account,
  netuid: Netuid,
  mechanism: number,
  { uids, values, versionKey }: SubmittedWeights,
): void {
  const { store: s } = c;
  const index = storageIndex(netuid, mechanism);
  const n = Networks.SubnetworkN.get(s, netuid);
  const mechanisms = Hyperparameters.MechanismCountCurrent.get(s, netuid);
  const isRevealed = Hyperparameters.CommitRevealWeightsEnabled.get(s, netuid);

  ensure(netuid !== ROOT, errors.is.CanNotSetRootNetworkWeights);
  ensure(uids.length === values.length, errors.is.WeightVecNotEqualSize);
  ensure(subnetExists(s, netuid) && mechanism < mechanisms, errors.is.MechanismDoesNotExist);
  ensure(uids.length <= n, errors.is.UidsLengthExceedUidsInSubNet);
  const uid = Neurons.Uids.get(s, netuid, hotkey);
  ensure(uid !== undefined, errors.is.HotKeyNotRegisteredInSubNet);
  ensureWeightStake(c, hotkey, netuid);
  const required = Hyperparameters.WeightsVersionKey.get(s, netuid);
  ensure(required === 0n || versionKey >= required, errors.is.IncorrectWeightVersionKey);
  ensure(isRevealed || isWithinWeightsRateLimit(c, netuid, index, uid), errors.is.SettingWeightsTooFast);

  const selfOnly = uids.length === 1 && uids[0] === uid;
  const permitted = Neurons.ValidatorPermit.get(s, netuid)[uid] === true || uid === ownerUid(s, netuid);
  ensure(selfOnly || permitted, errors.is.NeuronNoValidatorPermit);
  ensure(new Set(uids).size === uids.length, errors.is.DuplicateUids);
  ensure(
    uids.every((to) => to < n),
    errors.is.UidVecContainInvalidOne,
  );
  const minimum = Math.min(n, Hyperparameters.MinAllowedWeights.get(s, netuid));
  ensure(selfOnly || uids.length >= minimum, errors.is.WeightVecLengthIsLow);
  ensure(isMaxLimited(values, MAX_WEIGHT_LIMIT), errors.is.MaxWeightExceeded);

  const scaled = maxUpscaleWeights(values);
  Neurons.Weights.put(
    s,
    index,
    uid,
    uids.map((to, i) => [to, scaled[i]!]),
  );
  if (!isRevealed) setLastUpdate(c, index, uid);
  c.deposit(events.make.WeightsSet([index, uid]));
}

/** @throws DispatchFailure NotEnoughStakeToSetWeights */
export function ensureWeightStake({ store: s }: Context, hotkey: Account, netuid: Netuid): void {
  const threshold = Hyperparameters.StakeThreshold.get(s);
  ensure(hasEnoughStakeForWeights(s, hotkey, netuid, threshold), errors.is.NotEnoughStakeToSetWeights);
}

/** Is the last update of a registered uid long enough ago? Never updated is. */
export function isWithinWeightsRateLimit(
  { store: s, block }: Context,
  netuid: Netuid,
  index: number,
  uid: Uid,
): boolean {
  const last = Neurons.LastUpdate.get(s, index)[uid] ?? 0n;
  return last === 0n || BigInt(block) - last >= Hyperparameters.WeightsSetRateLimit.get(s, netuid);
}

export function setLastUpdate({ store: s, block }: Context, index: number, uid: Uid): void {
  Neurons.LastUpdate.mutate(s, index, (blocks) =>
    blocks.map((last, i) => (i === uid ? BigInt(block) : last)),
  );
}
