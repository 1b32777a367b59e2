import type { Netuid, Uid } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import {
  immortalUids,
  type OwnedNeuron,
  type PruningCandidate,
  uidToPrune,
} from "../../consensus/pruning.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import type { StoredMap } from "../../dsl/storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { ownerUid, storageIndexes } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";

/** Per-uid columns of a subnet that a newcomer starts at zero. */
const ZEROED = [Neurons.Consensus, Neurons.Dividends, Neurons.ValidatorTrust] as const;

/** @throws DispatchFailure NoNeuronIdAvailable when the subnet is full and nobody may be replaced */
export function ensureFreeUid(c: Context, netuid: Netuid): void {
  ensure(Hyperparameters.MaxAllowedUids.get(c.store, netuid) !== 0, errors.is.NoNeuronIdAvailable);
  if (isFull(c.store, netuid)) replaceableUid(c, netuid);
}

/** Give a hotkey a uid: a new one, or that of the neuron which earned least when the subnet is full. */
export function registerNeuron(c: Context, netuid: Netuid, hotkey: Account): Uid {
  if (!isFull(c.store, netuid)) return appendNeuron(c, netuid, hotkey);
  const uid = replaceableUid(c, netuid);
  replaceNeuron(c, netuid, uid, hotkey);
  return uid;
}

export function appendNeuron(c: Context, netuid: Netuid, hotkey: Account): Uid {
  const { store: s } = c;
  const uid = Networks.SubnetworkN.get(s, netuid);
  Networks.SubnetworkN.put(s, netuid, uid + 1);
  for (const column of ZEROED) column.mutate(s, netuid, (values) => [...values, 0]);
  Neurons.Emission.mutate(s, netuid, (values) => [...values, 0n]);
  Neurons.Active.mutate(s, netuid, (values) => [...values, true]);
  Neurons.ValidatorPermit.mutate(s, netuid, (values) => [...values, false]);
  for (const index of storageIndexes(s, netuid)) {
    Neurons.Incentive.mutate(s, index, (values) => [...values, 0]);
    Neurons.LastUpdate.mutate(s, index, (values) => [...values, BigInt(c.block)]);
  }
  seat(c, netuid, uid, hotkey);
  return uid;
}

/** Hand a uid over: what belonged to the old neuron is gone, and the weights of others towards it are 0. */
export function replaceNeuron(c: Context, netuid: Netuid, uid: Uid, hotkey: Account): void {
  const { store: s } = c;
  const old = Neurons.Keys.get(s, netuid, uid);
  Neurons.Uids.remove(s, netuid, old);
  Neurons.IsNetworkMember.remove(s, old, netuid);
  Neurons.Axons.remove(s, netuid, old);
  Neurons.NeuronCertificates.remove(s, netuid, old);
  Neurons.Prometheus.remove(s, netuid, old);

  for (const column of [...ZEROED, Neurons.StakeWeight]) setEntry(s, column, netuid, uid, 0);
  setEntry(s, Neurons.Emission, netuid, uid, 0n);
  setEntry(s, Neurons.Active, netuid, uid, true);
  setEntry(s, Neurons.ValidatorPermit, netuid, uid, false);
  for (const index of storageIndexes(s, netuid)) {
    setEntry(s, Neurons.Incentive, index, uid, 0);
    setEntry(s, Neurons.LastUpdate, index, uid, BigInt(c.block));
    Neurons.Weights.remove(s, index, uid);
    Neurons.Bonds.remove(s, index, uid);
    forgetWeightsTowards(s, index, uid);
  }
  seat(c, netuid, uid, hotkey);
}

/** Was this uid registered so lately that it is not replaced? */
export function isImmune({ store: s, block }: Context, netuid: Netuid, uid: Uid): boolean {
  const age = BigInt(block) - Neurons.BlockAtRegistration.get(s, netuid, uid);
  return age < BigInt(Hyperparameters.ImmunityPeriod.get(s, netuid));
}

/** Hotkeys by uid. */
export function hotkeysOf(s: Reader, netuid: Netuid): Account[] {
  const n = Networks.SubnetworkN.get(s, netuid);
  return Array.from({ length: n }, (_, uid) => Neurons.Keys.get(s, netuid, uid));
}

function isFull(s: Reader, netuid: Netuid): boolean {
  return Networks.SubnetworkN.get(s, netuid) >= Hyperparameters.MaxAllowedUids.get(s, netuid);
}

function seat(c: Context, netuid: Netuid, uid: Uid, hotkey: Account): void {
  const { store: s } = c;
  Neurons.Keys.put(s, netuid, uid, hotkey);
  Neurons.Uids.put(s, netuid, hotkey, uid);
  Neurons.IsNetworkMember.put(s, hotkey, netuid, true);
  Neurons.BlockAtRegistration.put(s, netuid, uid, BigInt(c.block));
}

function forgetWeightsTowards(s: Store, index: number, uid: Uid): void {
  for (const [[, from], row] of [...Neurons.Weights.entries(s, index)]) {
    if (!row.some(([to]) => to === uid)) continue;
    const next = row.map(([to, weight]): [number, number] => [to, to === uid ? 0 : weight]);
    Neurons.Weights.put(s, index, from, next);
  }
}

function replaceableUid(c: Context, netuid: Netuid): Uid {
  const { store: s } = c;
  const emission = Neurons.Emission.get(s, netuid);
  const immortal = new Set(immortals(s, netuid));
  const candidates = emission.map((earned, uid): PruningCandidate => {
    const registeredAt = Number(Neurons.BlockAtRegistration.get(s, netuid, uid));
    return {
      uid,
      emission: earned,
      registeredAt,
      immune: isImmune(c, netuid, uid),
      immortal: immortal.has(uid),
    };
  });
  return (
    uidToPrune(candidates, Hyperparameters.MinNonImmuneUids.get(s, netuid)) ??
    fail(errors.is.NoNeuronIdAvailable)
  );
}

/** The owner's uids that are never replaced. */
export function immortals(s: Reader, netuid: Netuid): Uid[] {
  const owner = Networks.SubnetOwner.get(s, netuid);
  const owned = Neurons.OwnedHotkeys.get(s, owner).flatMap((hotkey): OwnedNeuron[] => {
    const uid = Neurons.Uids.get(s, netuid, hotkey);
    if (uid === undefined) return [];
    return [{ uid, registeredAt: Number(Neurons.BlockAtRegistration.get(s, netuid, uid)) }];
  });
  const limit = Hyperparameters.ImmuneOwnerUidsLimit.get(s, netuid);
  return immortalUids(owned, ownerUid(s, netuid), limit);
}

/** Change one entry of a column; a column that does not reach so far stays as it is. */
function setEntry<T>(
  s: Store,
  column: StoredMap<[number], T[], T[]>,
  index: number,
  uid: Uid,
  entry: T,
): void {
  column.mutate(s, index, (values) => values.map((value, i) => (i === uid ? entry : value)));
}
