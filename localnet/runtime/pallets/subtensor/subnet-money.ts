import type { Netuid, Rao } from "../../../../shared/types.ts";
import { minBigint, subU64 } from "../../consensus/fixed.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { reducibleBalance } from "../accounts.ts";
import { Balances, changeIssuance, transfer, withdraw } from "../balances.ts";
import { Stakes } from "./stake-storage.ts";
import { subnetAccount } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";

/**
 * Move TAO to the account of a subnet. The payer's account lives on: at most what leaves the existential deposit.
 *
 * @returns what was moved, rao
 * @throws DispatchFailure InsufficientBalance when there is nothing to move
 */
export function payIntoSubnet(c: Context, netuid: Netuid, from: Account, amount: Rao): Rao {
  if (amount === 0n) return 0n;
  const moved = minBigint(amount, reducibleBalance(c.store, from, true));
  ensure(moved > 0n, errors.is.InsufficientBalance);
  transfer(c, from, subnetAccount(netuid), moved, "preserve");
  return moved;
}

/** Move TAO out of the account of a subnet. @throws DispatchFailure InsufficientBalance */
export function payFromSubnet(c: Context, netuid: Netuid, to: Account, amount: Rao): void {
  moveTao(c, subnetAccount(netuid), to, amount);
}

/** Move TAO between accounts; an account that is left with dust dies. @throws DispatchFailure InsufficientBalance */
export function moveTao(c: Context, from: Account, to: Account, amount: Rao): void {
  ensure(amount <= reducibleBalance(c.store, from, false), errors.is.InsufficientBalance);
  const before = Balances.TotalIssuance.get(c.store);
  transfer(c, from, to, amount, "expendable");
  const dust = before - Balances.TotalIssuance.get(c.store);
  if (dust > 0n) Stakes.TotalIssuance.mutate(c.store, (issuance) => subU64(issuance, dust));
}

/** Take TAO out of the world: later blocks may mint it again. @throws DispatchFailure InsufficientBalance */
export function recycleTao(c: Context, who: Account, amount: Rao): void {
  ensure(amount <= reducibleBalance(c.store, who, true), errors.is.InsufficientBalance);
  Stakes.TotalIssuance.mutate(c.store, (issuance) => subU64(issuance, amount));
  withdraw(c, who, amount, "expendable");
  changeIssuance(c, -amount);
}
