import type { Rao } from "../../../shared/types.ts";
import { variant } from "../../types/composites.ts";
import { Bool, CompactU64, U64 } from "../../types/primitives.ts";
import { AccountId, accountOf, MultiAddress } from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import { minBigint } from "../consensus/fixed.ts";
import { call, weight } from "../dsl/calls.ts";
import { type Account, type Context, ensureRoot, ensureSigned } from "../dsl/context.ts";
import { ensure, errorsOf, fail } from "../dsl/errors.ts";
import { eventsOf } from "../dsl/events.ts";
import { constant, type Pallet } from "../dsl/pallet.ts";
import { storageOf, value } from "../dsl/storage.ts";
import {
  EXISTENTIAL_DEPOSIT,
  freeBalance,
  moveToReserve,
  reducibleBalance,
  setFreeBalance,
} from "./accounts.ts";
import { System } from "./system-storage.ts";

const id = { name: "Balances", index: 5 };
const Balance = named("T::Balance", U64);
const CompactBalance = named("T::Balance", CompactU64);

export const Balances = storageOf(id, { TotalIssuance: value(U64, 0n) });

const errors = errorsOf(id, {
  VestingBalance: 0,
  LiquidityRestrictions: 1,
  InsufficientBalance: 2,
  ExistentialDeposit: 3,
  Expendability: 4,
  ExistingVestingSchedule: 5,
  DeadAccount: 6,
  TooManyReserves: 7,
  TooManyHolds: 8,
  TooManyFreezes: 9,
  IssuanceDeactivated: 10,
  DeltaZero: 11,
});

const events = eventsOf(id, {
  Endowed: variant(0, { account: AccountId, free_balance: Balance }),
  DustLost: variant(1, { account: AccountId, amount: Balance }),
  Transfer: variant(2, { from: AccountId, to: AccountId, amount: Balance }),
  BalanceSet: variant(3, { who: AccountId, free: Balance }),
  Reserved: variant(4, { who: AccountId, amount: Balance }),
  Unreserved: variant(5, { who: AccountId, amount: Balance }),
  Deposit: variant(7, { who: AccountId, amount: Balance }),
  Withdraw: variant(8, { who: AccountId, amount: Balance }),
});

/** Upstream's benchmark plus one read and one write. */
const TRANSFER_WEIGHT = weight(50_000_000n + 125_000_000n, 3_593n);

/** May the sender's account disappear when what is left is less than the existential deposit? */
export type Preservation = "expendable" | "preserve";

export const balances: Pallet = {
  ...id,
  path: "pallet_balances::pallet",
  generics: { call: ["T", "I"], event: ["T", "I"], error: ["T", "I"] },
  storage: Balances,
  errors,
  events,
  constants: { ExistentialDeposit: constant(U64, EXISTENTIAL_DEPOSIT) },
  calls: {
    transfer_allow_death: call({
      index: 0,
      args: { dest: MultiAddress, value: CompactBalance },
      weight: TRANSFER_WEIGHT,
      run(c, { dest, value: amount }) {
        transfer(c, ensureSigned(c.origin), lookup(dest), amount, "expendable");
      },
    }),
    transfer_keep_alive: call({
      index: 3,
      args: { dest: MultiAddress, value: CompactBalance },
      weight: TRANSFER_WEIGHT,
      run(c, { dest, value: amount }) {
        transfer(c, ensureSigned(c.origin), lookup(dest), amount, "preserve");
      },
    }),
    transfer_all: call({
      index: 4,
      args: { dest: MultiAddress, keep_alive: Bool },
      weight: TRANSFER_WEIGHT,
      run(c, { dest, keep_alive }) {
        const who = ensureSigned(c.origin);
        const preservation = keep_alive ? "preserve" : "expendable";
        transfer(c, who, lookup(dest), reducibleBalance(c.store, who, keep_alive), preservation);
      },
    }),
    force_set_balance: call({
      index: 8,
      args: { who: MultiAddress, new_free: CompactBalance },
      weight: TRANSFER_WEIGHT,
      run(c, { who, new_free }) {
        ensureRoot(c.origin);
        setBalance(c, lookup(who), new_free);
      },
    }),
  },
  genesis(c, { balances: accounts }) {
    for (const { account, rao } of accounts) setFree(c, account, rao);
    const total = accounts.reduce((sum, { rao }) => sum + rao, 0n);
    Balances.TotalIssuance.put(c.store, total);
  },
};

/**
 * Move TAO. Events in upstream's order: of the accounts that appear or disappear, then `Transfer`.
 *
 * @throws DispatchFailure Token.*
 */
export function transfer(c: Context, from: Account, to: Account, amount: Rao, keep: Preservation): void {
  checkWithdraw(c, from, amount, keep);
  checkDeposit(c, to, amount);
  if (from !== to) {
    setFree(c, from, freeOf(c, from) - amount);
    setFree(c, to, freeOf(c, to) + amount);
  }
  c.deposit(events.make.Transfer({ from, to, amount }));
}

/** Take TAO out of an account without destroying it: the caller books it elsewhere. @throws DispatchFailure Token.* */
export function withdraw(c: Context, who: Account, amount: Rao, keep: Preservation): void {
  checkWithdraw(c, who, amount, keep);
  setFree(c, who, freeOf(c, who) - amount);
  c.deposit(events.make.Withdraw({ who, amount }));
}

/** Put TAO that was withdrawn elsewhere into an account. @throws DispatchFailure Token.BelowMinimum */
export function deposit(c: Context, who: Account, amount: Rao): void {
  checkDeposit(c, who, amount);
  setFree(c, who, freeOf(c, who) + amount);
  c.deposit(events.make.Deposit({ who, amount }));
}

/** Set TAO of an account aside. @throws DispatchFailure InsufficientBalance */
export function reserve(c: Context, who: Account, amount: Rao): void {
  if (amount === 0n) return;
  ensure(freeOf(c, who) >= amount, errors.is.InsufficientBalance);
  // The account must not die while it has reserves.
  ensure(freeOf(c, who) - amount >= EXISTENTIAL_DEPOSIT, { type: "ConsumerRemaining" });
  moveToReserve(c, who, amount);
  c.deposit(events.make.Reserved({ who, amount }));
}

/** Give TAO that was set aside back to its account: at most what is there. */
export function unreserve(c: Context, who: Account, wanted: Rao): void {
  const amount = minBigint(wanted, System.Account.get(c.store, who).data.reserved);
  if (amount === 0n) return;
  moveToReserve(c, who, -amount);
  c.deposit(events.make.Unreserved({ who, amount }));
}

/** New TAO, or less of it: what emission mints and burning destroys. */
export function changeIssuance(c: Context, by: bigint): void {
  Balances.TotalIssuance.mutate(c.store, (now) => now + by);
}

/** Free balance, whatever it was before; the difference is minted or burned. */
export function setBalance(c: Context, who: Account, rao: Rao): void {
  const free = rao < EXISTENTIAL_DEPOSIT ? 0n : rao;
  changeIssuance(c, free - freeOf(c, who));
  setFree(c, who, free);
  c.deposit(events.make.BalanceSet({ who, free }));
}

/** @throws DispatchFailure CannotLookup */
export function lookup(address: MultiAddress): Account {
  return accountOf(address) ?? fail({ type: "CannotLookup" });
}

function checkWithdraw(c: Context, who: Account, amount: Rao, keep: Preservation): void {
  const free = freeOf(c, who);
  if (amount === 0n) return;
  if (amount > free) fail(token("FundsUnavailable"));
  if (amount > reducibleBalance(c.store, who, false)) fail(token("Frozen"));
  if (free - amount < EXISTENTIAL_DEPOSIT && keep === "preserve") fail(token("NotExpendable"));
}

function checkDeposit(c: Context, who: Account, amount: Rao): void {
  if (amount > 0n && freeOf(c, who) + amount < EXISTENTIAL_DEPOSIT) fail(token("BelowMinimum"));
}

function token(value: "FundsUnavailable" | "Frozen" | "NotExpendable" | "BelowMinimum") {
  return { type: "Token", value: { type: value } } as const;
}

function freeOf(c: Context, who: Account): Rao {
  return freeBalance(c.store, who);
}

function setFree(c: Context, who: Account, free: Rao): void {
  const { endowed, dust } = setFreeBalance(c, who, free);
  if (endowed) c.deposit(events.make.Endowed({ account: who, free_balance: free }));
  if (dust > 0n) {
    c.deposit(events.make.DustLost({ account: who, amount: dust }));
    changeIssuance(c, -dust);
  }
}
