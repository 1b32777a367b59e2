import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensureNoSystemAccount } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { events } from "./subtensor-events.ts";

/** The hotkey that gets the owner's cut and is never replaced. @throws DispatchFailure CannotUseSystemAccount */
export function setOwnerHotkey(c: Context, netuid: Netuid, hotkey: Account): void {
  ensureNoSystemAccount(hotkey);
  Networks.SubnetOwnerHotkey.put(c.store, netuid, hotkey);
  c.deposit(events.make.SubnetOwnerHotkeySet([netuid, hotkey]));
}
