import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";

/** Numbers under which the chain remembers when a key last did something on a subnet. */
const KINDS = {
  SetChildren: 0,
  SetChildkeyTake: 1,
  MechanismCountUpdate: 7,
  MechanismEmission: 8,
  MaxUidsTrimming: 9,
  TempoUpdate: 11,
} as const;
export type LimitedAct = keyof typeof KINDS;

/** Has it been `limit` blocks, or was it never done? */
export function isAllowedAgain(
  { store: s, block }: Context,
  act: LimitedAct,
  key: Account,
  netuid: Netuid,
  limit: bigint,
): boolean {
  const last = Hyperparameters.TransactionKeyLastBlock.get(s, key, netuid, KINDS[act]);
  return last === 0n || BigInt(block) - last >= limit;
}

export function rememberAct(
  { store: s, block }: Context,
  act: LimitedAct,
  key: Account,
  netuid: Netuid,
): void {
  Hyperparameters.TransactionKeyLastBlock.put(s, key, netuid, KINDS[act], BigInt(block));
}
