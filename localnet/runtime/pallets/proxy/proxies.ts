import { blake2b256 } from "../../../state/hashing.ts";
import type { Store } from "../../../state/store.ts";
import { bytesToHex } from "../../../types/hex.ts";
import { U16, U32 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import type { Account, CallContext, Context, RuntimeCall } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { reserve, unreserve } from "../balances.ts";
import { extrinsicIndex } from "../system-storage.ts";
import { allows } from "./proxy-filter.ts";
import { errors, events, type ProxyDefinition, ProxyStorage, ProxyType } from "./proxy-storage.ts";

/** What is reserved for an account with delegates, and for each of them, rao. */
export const DEPOSIT_BASE = 60_000_000n;
export const DEPOSIT_FACTOR = 33_000_000n;
export const MAX_PROXIES = 20;
/** What the hash behind a pure account begins with. */
const PURE_SEED = Buffer.from("modlpy/proxy____");

/** When and where a pure account was made: block and number of the extrinsic in it. */
export type Birth = { height: number; extrinsic: number };

/** `add_proxy`: let somebody act for an account. Delegates stand in order. */
export function addProxy(c: Context, who: Account, added: ProxyDefinition): void {
  ensure(who !== added.delegate, errors.is.NoSelfProxy);
  const [proxies, deposit] = ProxyStorage.Proxies.get(c.store, who);
  ensure(!proxies.some((proxy) => compare(proxy, added) === 0), errors.is.Duplicate);
  ensure(proxies.length < MAX_PROXIES, errors.is.TooMany);
  const next = [...proxies, added].sort(compare);
  storeProxies(c, who, next, deposit);
  c.deposit(events.make.ProxyAdded({ delegator: who, delegatee: added.delegate, ...termsOf(added) }));
}

/** `remove_proxy`: no longer. */
export function removeProxy(c: Context, who: Account, removed: ProxyDefinition): void {
  const [proxies, deposit] = ProxyStorage.Proxies.get(c.store, who);
  const next = proxies.filter((proxy) => compare(proxy, removed) !== 0);
  ensure(next.length < proxies.length, errors.is.NotFound);
  storeProxies(c, who, next, deposit);
  c.deposit(events.make.ProxyRemoved({ delegator: who, delegatee: removed.delegate, ...termsOf(removed) }));
}

/** `remove_proxies`: nobody any more. */
export function removeProxies(c: Context, who: Account): void {
  const [, deposit] = ProxyStorage.Proxies.get(c.store, who);
  ProxyStorage.Proxies.remove(c.store, who);
  unreserve(c, who, deposit);
}

/** `create_pure`: an account without a key, whose only delegate is its maker. */
export function createPure(
  c: Context,
  who: Account,
  proxy_type: ProxyType,
  delay: number,
  index: number,
): void {
  const { store: s } = c;
  const birth = { height: c.block, extrinsic: extrinsicIndex(s) };
  const pure = pureAccount(who, proxy_type, index, birth);
  ensure(!ProxyStorage.Proxies.exists(s, pure), errors.is.Duplicate);
  const deposit = DEPOSIT_BASE + DEPOSIT_FACTOR;
  reserve(c, who, deposit);
  ProxyStorage.Proxies.put(s, pure, [[{ delegate: who, proxy_type, delay }], deposit]);
  c.deposit(events.make.PureCreated({ pure, who, proxy_type, disambiguation_index: index }));
}

/** `kill_pure`: give a pure account up, for ever; its maker gets the deposit back. */
export function killPure(
  c: Context,
  who: Account,
  spawner: Account,
  proxy_type: ProxyType,
  index: number,
  birth: Birth,
): void {
  ensure(pureAccount(spawner, proxy_type, index, birth) === who, errors.is.NoPermission);
  const [, deposit] = ProxyStorage.Proxies.get(c.store, who);
  ProxyStorage.Proxies.remove(c.store, who);
  unreserve(c, spawner, deposit);
  c.deposit(events.make.PureKilled({ pure: who, spawner, proxy_type, disambiguation_index: index }));
}

/** The first right that `delegate` has for `real`, of one type if one is named. @throws DispatchFailure NotProxy */
export function findProxy(
  s: Store,
  real: Account,
  delegate: Account,
  type: ProxyType | undefined,
): ProxyDefinition {
  const [proxies] = ProxyStorage.Proxies.get(s, real);
  const found = proxies.find(
    (proxy) => proxy.delegate === delegate && (type === undefined || proxy.proxy_type.type === type.type),
  );
  return found ?? fail(errors.is.NotProxy);
}

/** Make a call in the name of another. What becomes of it is told by an event: the proxy's own call succeeds. */
export function actFor(c: CallContext, proxy: ProxyDefinition, real: Account, call: RuntimeCall): void {
  const outcome = c.dispatch(call, { kind: "signed", who: real, allows: (inner) => allows(proxy, inner) });
  const result = outcome.ok
    ? ({ type: "Ok", value: undefined } as const)
    : ({ type: "Err", value: outcome.error } as const);
  c.deposit(events.make.ProxyExecuted({ result }));
}

/** Bring what is reserved to what so many entries ask for. @returns the new deposit, rao */
export function adjustDeposit(
  c: Context,
  who: Account,
  before: bigint,
  entries: number,
  [base, factor]: readonly [bigint, bigint],
): bigint {
  const after = entries === 0 ? 0n : base + factor * BigInt(entries);
  if (after > before) reserve(c, who, after - before);
  else unreserve(c, who, before - after);
  return after;
}

function storeProxies(c: Context, who: Account, proxies: ProxyDefinition[], before: bigint): void {
  const after = adjustDeposit(c, who, before, proxies.length, [DEPOSIT_BASE, DEPOSIT_FACTOR]);
  if (proxies.length === 0) ProxyStorage.Proxies.remove(c.store, who);
  else ProxyStorage.Proxies.put(c.store, who, [proxies, after]);
}

function termsOf({ proxy_type, delay }: ProxyDefinition): Pick<ProxyDefinition, "proxy_type" | "delay"> {
  return { proxy_type, delay };
}

function pureAccount(who: Account, type: ProxyType, index: number, { height, extrinsic }: Birth): Account {
  const parts = [
    PURE_SEED,
    AccountId.encode(who),
    U32.encode(height),
    U32.encode(extrinsic),
    ProxyType.encode(type),
    U16.encode(index),
  ];
  return bytesToHex(blake2b256(Buffer.concat(parts)));
}

function compare(a: ProxyDefinition, b: ProxyDefinition): number {
  if (a.delegate !== b.delegate) return a.delegate < b.delegate ? -1 : 1;
  return rank(a.proxy_type) - rank(b.proxy_type) || a.delay - b.delay;
}

function rank(type: ProxyType): number {
  return ProxyType.encode(type)[0]!;
}
