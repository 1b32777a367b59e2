import type { Netuid } from "../../../../shared/types.ts";
import { type Account, type CallContext, type Context, ensureSigned } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { ensureNoSystemAccount } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** Blocks between two changes of a subnet's owner hotkey. */
const RATE_LIMIT = 50_400n;

/** The hotkey that gets the owner's cut and is never replaced. @throws DispatchFailure CannotUseSystemAccount */
export function setOwnerHotkey(c: Context, netuid: Netuid, hotkey: Account): void {
  ensureNoSystemAccount(hotkey);
  Networks.SubnetOwnerHotkey.put(c.store, netuid, hotkey);
  c.deposit(events.make.SubnetOwnerHotkeySet([netuid, hotkey]));
}

/** Another owner hotkey, by the owner or root, once a week. Checks in the chain's order. */
export function changeOwnerHotkey(c: CallContext, netuid: Netuid, hotkey: Account): void {
  ensureOwnerOrRoot(c, netuid);
  ensure(subnetExists(c.store, netuid), errors.is.SubnetNotExists);
  const key = { type: "SetSNOwnerHotkey", value: netuid } as const;
  const last = Networks.LastRateLimitedBlock.get(c.store, key);
  ensure(last === 0n || BigInt(c.block) - last >= RATE_LIMIT, errors.is.TxRateLimitExceeded);
  Networks.LastRateLimitedBlock.put(c.store, key, BigInt(c.block));
  setOwnerHotkey(c, netuid, hotkey);
}

/** @returns the owner when it is the owner who calls, undefined for root. @throws DispatchFailure BadOrigin */
export function ensureOwnerOrRoot(c: CallContext, netuid: Netuid): Account | undefined {
  if (c.origin.kind === "root") return undefined;
  const who = ensureSigned(c.origin);
  ensure(Networks.SubnetOwner.get(c.store, netuid) === who, { type: "BadOrigin" });
  return who;
}
