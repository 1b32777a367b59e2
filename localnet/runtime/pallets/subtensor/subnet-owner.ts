import type { Netuid } from "../../../../shared/types.ts";
import { type Account, type CallContext, type Context, ensureSigned } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { ensureNoSystemAccount } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { events } from "./subtensor-events.ts";

/** The hotkey that gets the owner's cut and is never replaced. @throws DispatchFailure CannotUseSystemAccount */
export function setOwnerHotkey(c: Context, netuid: Netuid, hotkey: Account): void {
  ensureNoSystemAccount(hotkey);
  Networks.SubnetOwnerHotkey.put(c.store, netuid, hotkey);
  c.deposit(events.make.SubnetOwnerHotkeySet([netuid, hotkey]));
}

/** @returns the owner when it is the owner who calls, undefined for root. @throws DispatchFailure BadOrigin */
export function ensureOwnerOrRoot(c: CallContext, netuid: Netuid): Account | undefined {
  if (c.origin.kind === "root") return undefined;
  const who = ensureSigned(c.origin);
  ensure(Networks.SubnetOwner.get(c.store, netuid) === who, { type: "BadOrigin" });
  return who;
}
