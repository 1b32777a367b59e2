import { tuple, vec } from "../../../../types/composites.ts";
import { CompactU8, CompactU16, CompactU64 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named } from "../../../../types/type-node.ts";

/*
 * Fields of what runtime APIs answer, under the names that the metadata gives them. Amounts are rao, shares are u16 of
 * 65535. `rank`, `trust` and `pruning_score` are gone from the chain and only left in the types.
 */

export const Account = named("AccountId", AccountId);
export const C16 = named("Compact<u16>", CompactU16);
export const C64 = named("Compact<u64>", CompactU64);
export const CompactNetUid = named("Compact<NetUid>", CompactU16);
export const CompactAlpha = named("Compact<AlphaBalance>", CompactU64);
export const CompactTao = named("Compact<TaoBalance>", CompactU64);
export const Text = named("Vec<Compact<u8>>", vec(CompactU8));
export const AlphaByAccount = named(
  "Vec<(AccountId, Compact<AlphaBalance>)>",
  vec(tuple(AccountId, CompactU64)),
);
export const TaoByAccount = named("Vec<(AccountId, Compact<TaoBalance>)>", vec(tuple(AccountId, CompactU64)));

/** What the chain answers where the pruning score of a neuron used to be. */
export const NO_PRUNING_SCORE = 65_535;
