import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { subnetIds } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";
import type { ChainIdentityV2, SubnetIdentityV3 } from "./subtensor-types.ts";

/** Bytes of each field. */
const SHORT = 256;
const LONG = 1024;
const IDENTITY_LIMITS = {
  name: SHORT,
  url: SHORT,
  github_repo: SHORT,
  image: LONG,
  discord: SHORT,
  description: LONG,
  additional: LONG,
} as const satisfies Record<keyof ChainIdentityV2, number>;
const SUBNET_IDENTITY_LIMITS = {
  subnet_name: SHORT,
  github_repo: LONG,
  subnet_contact: LONG,
  subnet_url: LONG,
  discord: SHORT,
  description: LONG,
  logo_url: LONG,
  additional: LONG,
} as const satisfies Record<keyof SubnetIdentityV3, number>;

/** `set_identity`: who stands behind a coldkey. It must own a hotkey that is registered somewhere. */
export function setIdentity(c: Context, coldkey: Account, identity: ChainIdentityV2): void {
  const { store: s } = c;
  const netuids = subnetIds(s);
  const isRegistered = Neurons.OwnedHotkeys.get(s, coldkey).some((hotkey) =>
    netuids.some((netuid) => Neurons.IsNetworkMember.get(s, hotkey, netuid)),
  );
  ensure(isRegistered, errors.is.HotKeyNotRegisteredInNetwork);
  ensure(fits(identity, IDENTITY_LIMITS), errors.is.InvalidIdentity);
  Neurons.IdentitiesV2.put(s, coldkey, identity);
  c.deposit(events.make.ChainIdentitySet(coldkey));
}

/** `set_subnet_identity`: what a subnet is called, by its owner. */
export function setSubnetIdentity(
  c: Context,
  coldkey: Account,
  netuid: Netuid,
  identity: SubnetIdentityV3,
): void {
  ensure(Networks.SubnetOwner.get(c.store, netuid) === coldkey, errors.is.NotSubnetOwner);
  storeSubnetIdentity(c, netuid, identity);
}

/** @throws DispatchFailure InvalidIdentity when a field is too long */
export function storeSubnetIdentity(c: Context, netuid: Netuid, identity: SubnetIdentityV3): void {
  ensure(fits(identity, SUBNET_IDENTITY_LIMITS), errors.is.InvalidIdentity);
  Networks.SubnetIdentitiesV3.put(c.store, netuid, identity);
  c.deposit(events.make.SubnetIdentitySet(netuid));
}

function fits<K extends string>(identity: Record<K, Uint8Array>, limits: Record<K, number>): boolean {
  return (Object.keys(limits) as K[]).every((field) => identity[field].length <= limits[field]);
}
