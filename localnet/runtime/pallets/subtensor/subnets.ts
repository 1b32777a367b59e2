import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import { bytesToHex } from "../../../types/hex.ts";
import { U64F64 } from "../../consensus/fixed.ts";
import { poolPrice } from "../../consensus/pool.ts";
import type { Account } from "../../dsl/context.ts";
import { Swap } from "../swap.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { Stakes } from "./stake-storage.ts";
import { ROOT } from "./subtensor-id.ts";

/** Mechanisms of a subnet lie so many storage indexes apart. */
const MECHANISM_STRIDE = 4096;
/** What the accounts of subnets begin with. */
const SUBNET_ACCOUNTS = "modlsubtensr";
/** Kind of a subnet whose alpha has a price; the other kind changes 1:1. */
const DYNAMIC = 1;

export function subnetExists(s: Reader, netuid: Netuid): boolean {
  return Networks.NetworksAdded.get(s, netuid);
}

/** All subnets, in the order in which the chain visits them. */
export function subnetIds(s: Reader): Netuid[] {
  return [...Networks.NetworksAdded.entries(s)].flatMap(([[netuid], added]) => (added ? [netuid] : []));
}

/** The same without root. */
export function subnetIdsWithoutRoot(s: Reader): Netuid[] {
  return subnetIds(s).filter((netuid) => netuid !== ROOT);
}

/** Index under which weights, bonds, incentive and last update of a mechanism are stored. */
export function storageIndex(netuid: Netuid, mechanism: number): number {
  return mechanism * MECHANISM_STRIDE + netuid;
}

export function storageIndexes(s: Reader, netuid: Netuid): number[] {
  const count = Hyperparameters.MechanismCountCurrent.get(s, netuid);
  return Array.from({ length: count }, (_, mechanism) => storageIndex(netuid, mechanism));
}

/** The account that holds the TAO of a subnet's pool. */
export function subnetAccount(netuid: Netuid): Account {
  const bytes = Buffer.alloc(32);
  bytes.write(SUBNET_ACCOUNTS);
  bytes.writeUInt16LE(netuid, SUBNET_ACCOUNTS.length);
  return bytesToHex(bytes);
}

/** Is this the account of a subnet, whether or not there is such a subnet? */
export function isSubnetAccount(account: Account): boolean {
  const bytes = Buffer.from(account.slice(2), "hex");
  return account === subnetAccount(bytes.readUInt16LE(SUBNET_ACCOUNTS.length));
}

export function isDynamic(s: Reader, netuid: Netuid): boolean {
  return netuid !== ROOT && Networks.SubnetMechanism.get(s, netuid) === DYNAMIC;
}

/** TAO per alpha, U64F64. */
export function spotPrice(s: Reader, netuid: Netuid): bigint {
  return isDynamic(s, netuid) ? poolPrice(poolOf(s, netuid)) : U64F64.one;
}

export function poolOf(s: Reader, netuid: Netuid): { alpha: Rao; tao: Rao; taoWeight: bigint } {
  return {
    alpha: Stakes.SubnetAlphaIn.get(s, netuid),
    tao: Stakes.SubnetTAO.get(s, netuid),
    taoWeight: Swap.SwapBalancer.get(s, netuid).quote,
  };
}

/** Alpha of a subnet that exists, in the pool and outside, rao. */
export function alphaIssuance(s: Reader, netuid: Netuid): Rao {
  return Stakes.SubnetAlphaIn.get(s, netuid) + Stakes.SubnetAlphaOut.get(s, netuid);
}

/** The uid of the owner hotkey, if it is registered. */
export function ownerUid(s: Reader, netuid: Netuid): number | undefined {
  return Networks.SubnetOwnerHotkey.exists(s, netuid)
    ? Neurons.Uids.get(s, netuid, Networks.SubnetOwnerHotkey.get(s, netuid))
    : undefined;
}
