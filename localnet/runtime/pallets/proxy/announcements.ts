import type { Hex } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { adjustDeposit, findProxy } from "./proxies.ts";
import { type Announcement, errors, events, ProxyStorage } from "./proxy-storage.ts";

/** What is reserved for a delegate with announcements, and for each of them, rao. */
export const ANNOUNCEMENT_BASE = 36_000_000n;
export const ANNOUNCEMENT_FACTOR = 68_000_000n;
export const MAX_PENDING = 75;

/** `announce`: say by its hash which call a delegate will make, so that it may be objected to in time. */
export function announce(c: Context, delegate: Account, real: Account, call_hash: Hex): void {
  findProxy(c.store, real, delegate, undefined);
  const [pending, deposit] = ProxyStorage.Announcements.get(c.store, delegate);
  ensure(pending.length < MAX_PENDING, errors.is.TooMany);
  storeAnnouncements(c, delegate, [...pending, { real, call_hash, height: c.block }], deposit);
  c.deposit(events.make.Announced({ real, proxy: delegate, call_hash }));
}

/** Forget announcements. @throws DispatchFailure NotFound when there is none of that kind */
export function dropAnnouncements(
  c: Context,
  delegate: Account,
  isDropped: (announcement: Announcement) => boolean,
): void {
  const [pending, deposit] = ProxyStorage.Announcements.get(c.store, delegate);
  const rest = pending.filter((announcement) => !isDropped(announcement));
  ensure(rest.length < pending.length, errors.is.NotFound);
  storeAnnouncements(c, delegate, rest, deposit);
}

function storeAnnouncements(c: Context, delegate: Account, pending: Announcement[], before: bigint): void {
  const prices = [ANNOUNCEMENT_BASE, ANNOUNCEMENT_FACTOR] as const;
  const after = adjustDeposit(c, delegate, before, pending.length, prices);
  if (pending.length === 0) ProxyStorage.Announcements.remove(c.store, delegate);
  else ProxyStorage.Announcements.put(c.store, delegate, [pending, after]);
}
