import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { withMember } from "./hotkeys.ts";
import { Neurons } from "./neuron-storage.ts";
import { subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** `set_coldkey_auto_stake_hotkey`: what the coldkey's miners earn on the subnet is staked with this hotkey. */
export function setAutoStake(c: Context, coldkey: Account, netuid: Netuid, hotkey: Account): void {
  const { store: s } = c;
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(Neurons.Uids.exists(s, netuid, hotkey), errors.is.HotKeyNotRegisteredInSubNet);
  const before = Neurons.AutoStakeDestination.get(s, coldkey, netuid);
  ensure(before !== hotkey, errors.is.SameAutoStakeHotkeyAlreadySet);
  if (before !== undefined) {
    Neurons.AutoStakeDestinationColdkeys.mutate(s, before, netuid, (coldkeys) =>
      coldkeys.filter((other) => other !== coldkey),
    );
  }
  Neurons.AutoStakeDestination.put(s, coldkey, netuid, hotkey);
  Neurons.AutoStakeDestinationColdkeys.mutate(s, hotkey, netuid, (coldkeys) => withMember(coldkeys, coldkey));
  c.deposit(events.make.AutoStakeDestinationSet({ coldkey, netuid, hotkey }));
}
