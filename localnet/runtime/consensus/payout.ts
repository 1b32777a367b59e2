import { u16Share } from "./emission.ts";
import { U96F32 } from "./fixed.ts";
import { fromU64Share } from "./u64-share.ts";

/** Plain stake of a hotkey on the subnet and on root, rao. */
export type HotkeyStake = { alpha: bigint; root: bigint };

/** A parent that lent part of its stake to the hotkey. */
export type Parent = HotkeyStake & {
  /** Of 2^64 - 1. */
  proportion: bigint;
  /** Same coldkey: pays no take. */
  sameOwner: boolean;
};

export type ParentSplit = {
  /** rao, in the order of the parents. */
  parents: bigint[];
  own: bigint;
  /** Taken out of the subnet's alpha. */
  burned: bigint;
};

/**
 * A hotkey's dividend, divided between itself and those whose stake it used.
 *
 * @param childTake - u16 share. @param childBurn - Of 2^64 - 1. @param taoWeight - U96F32.
 */
export function splitWithParents(
  dividend: bigint,
  own: HotkeyStake & { childrenProportions: readonly bigint[] },
  parents: readonly Parent[],
  childTake: number,
  childBurn: bigint,
  taoWeight: bigint,
): ParentSplit {
  const lent = U96F32.sum(own.childrenProportions.map(fromU64Share));
  const kept = U96F32.sub(U96F32.one, lent);
  const ownPart = U96F32.fromInteger(U96F32.toUnsigned(countedStake(own, kept, taoWeight), 64));
  const parentParts = parents.map((parent) =>
    countedStake(parent, fromU64Share(parent.proportion), taoWeight),
  );
  const total = U96F32.add(ownPart, U96F32.sum(parentParts));

  const value = U96F32.fromInteger(dividend);
  const takeShare = u16Share(childTake);
  const burnShare = fromU64Share(childBurn);
  const result: ParentSplit = { parents: [], own: 0n, burned: 0n };
  let rest = value;
  let takes = 0n;
  parents.forEach((parent, i) => {
    let share = U96F32.mul(value, U96F32.safeDiv(parentParts[i]!, total));
    rest = U96F32.sub(rest, share);
    if (!parent.sameOwner) {
      const burn = U96F32.mul(burnShare, share);
      const take = U96F32.mul(takeShare, share);
      share = U96F32.sub(share, U96F32.add(burn, take));
      takes = U96F32.add(takes, take);
      result.burned += toRao(burn);
    }
    result.parents.push(toRao(share));
  });
  result.own = toRao(U96F32.add(rest, takes));
  return result;
}

/** A hotkey's part in the dividends of a tempo. */
export type DividendRow = {
  /** U96F32. */
  dividend: bigint;
  /** Stake on the subnet and on root, rao. */
  alphaStake: bigint;
  rootStake: bigint;
};

/**
 * The pots, divided by who earned: alpha by alpha stake, root alpha by root stake.
 *
 * @param pendingValidator - `pendingRoot`: drained pots, rao. @param taoWeight - U96F32.
 * @returns U96F32 amounts in the order of the rows.
 */
export function distributeDividends(
  pendingValidator: bigint,
  pendingRoot: bigint,
  taoWeight: bigint,
  rows: readonly DividendRow[],
): { alpha: bigint[]; root: bigint[] } {
  const root = rows.map(({ dividend, alphaStake, rootStake }) => {
    const counted = U96F32.mul(U96F32.fromInteger(rootStake), taoWeight);
    return U96F32.mul(dividend, U96F32.safeDiv(counted, U96F32.add(U96F32.fromInteger(alphaStake), counted)));
  });
  const alpha = rows.map(({ dividend }, i) => U96F32.sub(dividend, root[i]!));
  return { alpha: divide(pendingValidator, alpha), root: divide(pendingRoot, root) };
}

/** What the owner of a hotkey takes and what its stakers share, rao. @param amount - U96F32. */
export function splitTake(amount: bigint, take: number): { take: bigint; rest: bigint } {
  const taken = U96F32.mul(u16Share(take), amount);
  return { take: toRao(taken), rest: toRao(U96F32.sub(amount, taken)) };
}

/** Part of a tempo's miner emission that owners did not get, U96F32. */
export function withheldFraction(withheld: bigint, total: bigint): bigint {
  return U96F32.safeDiv(U96F32.fromInteger(withheld), U96F32.fromInteger(total));
}

/** The part of a hotkey's stake that counts for `share` of it, U96F32. */
function countedStake({ alpha, root }: HotkeyStake, share: bigint, taoWeight: bigint): bigint {
  const onSubnet = U96F32.mul(U96F32.fromInteger(alpha), share);
  const onRoot = U96F32.mul(U96F32.mul(U96F32.fromInteger(root), share), taoWeight);
  return U96F32.add(onSubnet, onRoot);
}

function divide(pot: bigint, parts: readonly bigint[]): bigint[] {
  const total = U96F32.sum(parts);
  const amount = U96F32.fromInteger(pot);
  return parts.map((part) => U96F32.mul(amount, U96F32.safeDiv(part, total)));
}

function toRao(amount: bigint): bigint {
  return U96F32.toUnsigned(amount, 64);
}
