import type { Netuid, Uid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import type { Account } from "../../../dsl/context.ts";
import { CommitmentStorage } from "../../commitment-storage.ts";
import { Registration } from "../../commitment-types.ts";
import { System } from "../../system-storage.ts";
import { Hyperparameters } from "../hyperparameter-storage.ts";
import { Networks } from "../network-storage.ts";
import { Neurons } from "../neuron-storage.ts";
import { hotkeysOf } from "../neurons.ts";
import { Stakes } from "../stake-storage.ts";
import { stakeWeight } from "../stake-weight.ts";
import { storageIndex } from "../subnets.ts";
import { ROOT } from "../subtensor-id.ts";
import { subnetRules } from "./hyperparameters.ts";
import { type Metagraph, SELECTABLE_FIELDS, type SelectiveMetagraph } from "./metagraph-types.ts";
import { NO_AXON } from "./neuron-info.ts";

/** Everything about a subnet at once. @param mechanism - Whose last update and incentives. */
export function metagraphOf(s: Reader, netuid: Netuid, mechanism = 0): Metagraph {
  const hotkeys = hotkeysOf(s, netuid);
  const coldkeys = hotkeys.map((hotkey) => Neurons.Owner.get(s, hotkey));
  const weights = hotkeys.map((hotkey) => stakeWeight(s, hotkey, netuid));
  const index = storageIndex(netuid, mechanism);
  const block = BigInt(System.Number.get(s));
  const lastStep = Hyperparameters.LastMechansimStepBlock.get(s, netuid);
  const identity = Networks.SubnetIdentitiesV3.get(s, netuid);
  return {
    ...subnetRules(s, netuid),
    netuid: index,
    name: subnetName(s, netuid),
    symbol: [...Networks.TokenSymbol.get(s, netuid)],
    identity,
    network_registered_at: Networks.NetworkRegisteredAt.get(s, netuid),
    owner_hotkey: Networks.SubnetOwnerHotkey.get(s, netuid),
    owner_coldkey: Networks.SubnetOwner.get(s, netuid),
    block,
    last_step: lastStep,
    blocks_since_last_step: block - lastStep,
    subnet_emission: 0n,
    ...poolFields(s, netuid),
    num_uids: hotkeys.length,
    max_uids: Hyperparameters.MaxAllowedUids.get(s, netuid),
    burn: Networks.Burn.get(s, netuid),
    pow_registration_allowed: Networks.NetworkPowRegistrationAllowed.get(s, netuid),
    hotkeys,
    coldkeys,
    identities: coldkeys.map((coldkey) => Neurons.IdentitiesV2.get(s, coldkey)),
    axons: hotkeys.map((hotkey) => Neurons.Axons.get(s, netuid, hotkey) ?? NO_AXON),
    active: Neurons.Active.get(s, netuid),
    validator_permit: Neurons.ValidatorPermit.get(s, netuid),
    pruning_score: [],
    last_update: Neurons.LastUpdate.get(s, index),
    emission: Neurons.Emission.get(s, netuid),
    dividends: Neurons.Dividends.get(s, netuid),
    incentives: Neurons.Incentive.get(s, index),
    consensus: Neurons.Consensus.get(s, netuid),
    trust: [],
    rank: [],
    block_at_registration: hotkeys.map((_, uid) => Neurons.BlockAtRegistration.get(s, netuid, uid)),
    alpha_stake: weights.map(({ alpha }) => alpha),
    tao_stake: weights.map(({ tao }) => tao),
    total_stake: weights.map(({ total }) => total),
    tao_dividends_per_hotkey: hotkeys.map((hotkey) => [hotkey, 0n]),
    alpha_dividends_per_hotkey: hotkeys.map((hotkey) => [
      hotkey,
      Stakes.AlphaDividendsPerSubnet.get(s, netuid, hotkey),
    ]),
  };
}

/** The fields with these numbers; unknown numbers are ignored. */
export function selectMetagraph(s: Reader, netuid: Netuid, indexes: readonly number[]): SelectiveMetagraph {
  const selected = selectFields(s, netuid, indexes);
  return { ...selected, netuid: indexes.includes(0) ? netuid : 0 };
}

/**
 * The same of one mechanism, which decides last update and incentives. A mechanism that does not exist has none of
 * them; that is no error.
 */
export function selectMechagraph(
  s: Reader,
  netuid: Netuid,
  mechanism: number,
  indexes: readonly number[],
): SelectiveMetagraph {
  return { ...selectFields(s, netuid, indexes, mechanism), netuid };
}

function selectFields(
  s: Reader,
  netuid: Netuid,
  indexes: readonly number[],
  mechanism = 0,
): SelectiveMetagraph {
  const metagraph = metagraphOf(s, netuid, mechanism);
  const whole: SelectiveMetagraph = {
    ...metagraph,
    identity: metagraph.identity ?? null,
    validators: validatorUids(s, netuid),
    commitments: rawCommitments(s, netuid),
  };
  const wanted = new Set(indexes.map((index) => SELECTABLE_FIELDS[index]));
  const entries = SELECTABLE_FIELDS.map((field) => [field, wanted.has(field) ? whole[field] : undefined]);
  return Object.fromEntries(entries) as SelectiveMetagraph;
}

/** The pool of a subnet and what flows into it, as all answers tell it. */
export function poolFields(s: Reader, netuid: Netuid) {
  return {
    alpha_in: Stakes.SubnetAlphaIn.get(s, netuid),
    alpha_out: Stakes.SubnetAlphaOut.get(s, netuid),
    tao_in: Stakes.SubnetTAO.get(s, netuid),
    alpha_out_emission: Stakes.SubnetAlphaOutEmission.get(s, netuid),
    alpha_in_emission: Stakes.SubnetAlphaInEmission.get(s, netuid),
    tao_in_emission: Stakes.SubnetTaoInEmission.get(s, netuid),
    pending_alpha_emission:
      Stakes.PendingValidatorEmission.get(s, netuid) + Stakes.PendingServerEmission.get(s, netuid),
    pending_root_emission: 0n,
    subnet_volume: Stakes.SubnetVolume.get(s, netuid),
    moving_price: Stakes.SubnetMovingPrice.get(s, netuid),
  };
}

/** Uids with a permit and more than the threshold of stake, by stake. */
function validatorUids(s: Reader, netuid: Netuid): Uid[] {
  const threshold = Hyperparameters.StakeThreshold.get(s);
  const permits = Neurons.ValidatorPermit.get(s, netuid);
  return hotkeysOf(s, netuid)
    .map((hotkey, uid) => ({ uid, total: stakeWeight(s, hotkey, netuid).total }))
    .filter(({ uid, total }) => permits[uid] === true && total > threshold)
    .sort((a, b) => (a.total < b.total ? -1 : a.total > b.total ? 1 : 0))
    .map(({ uid }) => uid);
}

function rawCommitments(s: Reader, netuid: Netuid): [Account, number[]][] {
  return [...CommitmentStorage.CommitmentOf.entries(s, netuid)].map(([[, hotkey], registration]) => [
    hotkey,
    [...Registration.encode(registration)],
  ]);
}

/** Subnets without a name of their own have one only where the chain built it in. */
export function subnetName(s: Reader, netuid: Netuid): number[] {
  const own = Networks.SubnetIdentitiesV3.get(s, netuid)?.subnet_name;
  return [...(own?.length ? own : new TextEncoder().encode(netuid === ROOT ? "root" : "unknown"))];
}
