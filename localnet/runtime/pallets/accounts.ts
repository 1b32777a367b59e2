import type { Rao } from "../../../shared/types.ts";
import type { Reader } from "../../state/store.ts";
import type { Account, Context } from "../dsl/context.ts";
import { System, systemEvents } from "./system-storage.ts";

/** An account with less than this and nothing reserved is removed, rao. */
export const EXISTENTIAL_DEPOSIT = 500n;

/** Free balance of an account, rao; 0 for one that does not exist. */
export function freeBalance(s: Reader, who: Account): Rao {
  return System.Account.get(s, who).data.free;
}

/** What may leave the account, rao. `keepAlive` leaves the existential deposit, and so does whoever has reserves. */
export function reducibleBalance(s: Reader, who: Account, keepAlive: boolean): Rao {
  const { consumers, data } = System.Account.get(s, who);
  const { free, reserved, frozen } = data;
  const locked = frozen > reserved ? frozen - reserved : 0n;
  const stays = keepAlive || consumers > 0;
  const untouchable = stays && locked < EXISTENTIAL_DEPOSIT ? EXISTENTIAL_DEPOSIT : locked;
  return free > untouchable ? free - untouchable : 0n;
}

/** What a change of a balance did besides: Balances tells the world of it. */
export type BalanceChange = { endowed: boolean; dust: Rao };

/**
 * Set a free balance, with the birth or death of the account that comes with it. Money is neither checked nor
 * counted here: that is the Balances pallet's.
 */
export function setFreeBalance(c: Context, who: Account, free: Rao): BalanceChange {
  const before = System.Account.get(c.store, who);
  const { data } = before;
  const isNew = before.providers === 0 && before.sufficients === 0;
  const didProvide = data.free >= EXISTENTIAL_DEPOSIT;
  const doesProvide = free >= EXISTENTIAL_DEPOSIT;
  const providers = before.providers + Number(doesProvide) - Number(didProvide);

  if (providers === 0 && before.sufficients === 0) {
    System.Account.remove(c.store, who);
    if (!isNew) c.deposit(systemEvents.make.KilledAccount({ account: who }));
    return { endowed: false, dust: free };
  }
  System.Account.put(c.store, who, { ...before, providers, data: { ...data, free } });
  if (isNew) c.deposit(systemEvents.make.NewAccount({ account: who }));
  return { endowed: isNew, dust: 0n };
}

/** Move so much between the free and the reserved balance; negative: back. What the account must keep is for the caller. */
export function moveToReserve(c: Context, who: Account, amount: Rao): void {
  const before = System.Account.get(c.store, who);
  const { free, reserved } = before.data;
  const data = { ...before.data, free: free - amount, reserved: reserved + amount };
  const consumers = before.consumers + Number(data.reserved > 0n) - Number(reserved > 0n);
  System.Account.put(c.store, who, { ...before, consumers, data });
}
