import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Store } from "../../../state/store.ts";
import { decayBurn, raiseBurn } from "../../consensus/burn.ts";
import { subU64 } from "../../consensus/fixed.ts";
import { isEpochDue } from "../../consensus/schedule.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { reducibleBalance } from "../accounts.ts";
import { clockOf } from "./epoch-clock.ts";
import { associateHotkey, ensureOwnerOf } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { ensureFreeUid, registerNeuron } from "./neurons.ts";
import { Stakes } from "./stake-storage.ts";
import { buyAlpha } from "./staking.ts";
import { subnetExists, subnetIds } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** `burned_register`: buy alpha for the price of registration, destroy it, and take a uid. Checks in the chain's order. */
export function burnedRegister(c: Context, coldkey: Account, netuid: Netuid, hotkey: Account): void {
  const { store: s } = c;
  ensure(netuid !== ROOT, errors.is.RegistrationNotPermittedOnRootSubnet);
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(Networks.NetworkRegistrationAllowed.get(s, netuid), errors.is.SubNetRegistrationDisabled);
  ensure(!Neurons.Uids.exists(s, netuid, hotkey), errors.is.HotKeyAlreadyRegisteredInSubNet);
  const cost = Networks.Burn.get(s, netuid);
  ensure(reducibleBalance(s, coldkey, false) >= cost, errors.is.NotEnoughBalanceToStake);
  associateHotkey(s, hotkey, coldkey);
  ensureOwnerOf(s, hotkey, coldkey);
  ensureFreeUid(c, netuid);

  const { swapped } = buyAlpha(c, coldkey, netuid, cost); // nobody gets the fee: it stays with the subnet
  Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => subU64(alpha, swapped.output));

  const uid = registerNeuron(c, netuid, hotkey);
  Networks.Burn.put(
    s,
    netuid,
    raiseBurn(cost, Networks.BurnIncreaseMult.get(s, netuid), boundsOf(s, netuid)),
  );
  Networks.RegistrationsThisBlock.mutate(s, netuid, (count) => count + 1);
  const total = Networks.RAORecycledForRegistration.mutate(s, netuid, (rao) => rao + cost);
  c.deposit(events.make.RAORecycledForRegistrationSet([netuid, total]));
  c.deposit(events.make.NeuronRegistered([netuid, uid, hotkey]));
}

/** `register_limit`: the same, unless it costs more than `limit` rao by now. */
export function registerWithin(
  c: Context,
  coldkey: Account,
  netuid: Netuid,
  hotkey: Account,
  limit: Rao,
): void {
  ensure(netuid !== ROOT, errors.is.RegistrationNotPermittedOnRootSubnet);
  ensure(subnetExists(c.store, netuid), errors.is.SubnetNotExists);
  ensure(Networks.Burn.get(c.store, netuid) <= limit, errors.is.RegistrationPriceLimitExceeded);
  burnedRegister(c, coldkey, netuid, hotkey);
}

/** Prices fall a little each block, and the count of registrations begins anew. */
export function decayRegistrationPrices(c: Context): void {
  const { store: s } = c;
  for (const netuid of subnetIds(s)) {
    const halfLife = c.block > 1 ? Networks.BurnHalfLife.get(s, netuid) : 0;
    const burn = Networks.Burn.get(s, netuid);
    const next = decayBurn(burn, halfLife, boundsOf(s, netuid));
    if (next !== burn) Networks.Burn.put(s, netuid, next);
    Networks.RegistrationsThisBlock.put(s, netuid, 0);
    if (netuid === ROOT && isEpochDue(clockOf(s, ROOT), c.block)) {
      Networks.RegistrationsThisInterval.put(s, ROOT, 0);
    }
  }
}

function boundsOf(s: Store, netuid: Netuid) {
  return { min: Networks.MinBurn.get(s, netuid), max: Networks.MaxBurn.get(s, netuid) };
}
