import type { Netuid } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { U64_MAX } from "../../consensus/fixed.ts";
import type { Account } from "../../dsl/context.ts";
import { ensure, type ModuleError } from "../../dsl/errors.ts";
import { Neurons } from "./neuron-storage.ts";
import { errors } from "./subtensor-id.ts";

/** A parent or child and the part of the stake that is lent, of 2^64 - 1. */
export type Tie = [proportion: bigint, hotkey: Account];
type Ties = ReadonlyMap<Account, bigint>;

const MAX_CHILDREN = 5;

/** May a hotkey have these children? Checks in the chain's order. @throws DispatchFailure */
export function ensureChildren(s: Reader, hotkey: Account, netuid: Netuid, wanted: readonly Tie[]): void {
  const children = tiesOf(wanted);
  ensure(!children.has(hotkey), errors.is.InvalidChild);
  ensure(children.size <= MAX_CHILDREN, errors.is.TooManyChildren);
  const contradiction = whyNotLinked(children, tiesOf(Neurons.ParentKeys.get(s, hotkey, netuid)));
  ensure(contradiction === undefined, contradiction ?? errors.is.ChildParentInconsistency);
}

/** Give a hotkey its children, on both sides of each tie. @returns false, without a change, when they contradict its parents */
export function linkChildren(s: Store, hotkey: Account, netuid: Netuid, wanted: readonly Tie[]): boolean {
  const children = without(tiesOf(wanted), hotkey);
  const parents = without(tiesOf(Neurons.ParentKeys.get(s, hotkey, netuid)), hotkey);
  if (whyNotLinked(children, parents) !== undefined) return false;
  storeFamily(s, hotkey, netuid, children, parents);
  return true;
}

/** Parents and children of one hotkey become those of another, with what is scheduled for them. */
export function moveFamily(s: Store, from: Account, to: Account, netuid: Netuid): void {
  const children = without(tiesOf(Neurons.ChildKeys.get(s, from, netuid)), from);
  const parents = without(tiesOf(Neurons.ParentKeys.get(s, from, netuid)), from);
  for (const child of children.keys()) putParents(s, child, netuid, drop(parentsOf(s, child, netuid), from));
  for (const parent of parents.keys()) {
    Neurons.ChildKeys.put(s, parent, netuid, drop(childrenOf(s, parent, netuid), from));
  }
  Neurons.ChildKeys.put(s, from, netuid, []);
  Neurons.ParentKeys.remove(s, from, netuid);
  ensure(!children.has(to) && !parents.has(to), errors.is.InvalidChild);

  if (Neurons.PendingChildKeys.exists(s, netuid, from)) {
    const scheduled = Neurons.PendingChildKeys.get(s, netuid, from);
    ensureChildren(s, to, netuid, scheduled[0]);
    Neurons.PendingChildKeys.remove(s, netuid, from);
    Neurons.PendingChildKeys.put(s, netuid, to, scheduled);
  }
  storeFamily(s, to, netuid, children, parents);
}

/** A hotkey that is scheduled as a child under its old name. */
export function renameScheduledChild(s: Store, from: Account, to: Account, netuid: Netuid): void {
  for (const [[, parent], [children, due]] of [...Neurons.PendingChildKeys.entries(s, netuid)]) {
    const found = children.find(([, child]) => child === from);
    if (found === undefined) continue;
    const renamed: Tie[] = [...drop(children, from), [found[0], to]];
    Neurons.PendingChildKeys.put(s, netuid, parent, [renamed, due]);
  }
}

function whyNotLinked(children: Ties, parents: Ties): ModuleError | undefined {
  const total = [...children.values()].reduce((sum, proportion) => sum + proportion, 0n);
  if (total > U64_MAX) return errors.is.ProportionOverflow;
  if ([...children.keys()].some((child) => parents.has(child))) return errors.is.ChildParentInconsistency;
  return undefined;
}

/** Write both lists of a hotkey, and its entry in the lists of everybody who gains or loses a tie. */
function storeFamily(s: Store, hotkey: Account, netuid: Netuid, children: Ties, parents: Ties): void {
  const childrenBefore = childrenOf(s, hotkey, netuid);
  putChildren(s, hotkey, netuid, inOrder(children));
  for (const [child, proportion] of children) {
    putParents(s, child, netuid, withTie(parentsOf(s, child, netuid), hotkey, proportion));
  }
  for (const [, child] of childrenBefore) {
    if (!children.has(child)) putParents(s, child, netuid, drop(parentsOf(s, child, netuid), hotkey));
  }
  const parentsBefore = parentsOf(s, hotkey, netuid);
  putParents(s, hotkey, netuid, inOrder(parents));
  for (const [parent, proportion] of parents) {
    putChildren(s, parent, netuid, withTie(childrenOf(s, parent, netuid), hotkey, proportion));
  }
  for (const [, parent] of parentsBefore) {
    if (!parents.has(parent)) putChildren(s, parent, netuid, drop(childrenOf(s, parent, netuid), hotkey));
  }
}

function childrenOf(s: Reader, hotkey: Account, netuid: Netuid): Tie[] {
  return Neurons.ChildKeys.get(s, hotkey, netuid);
}

function parentsOf(s: Reader, hotkey: Account, netuid: Netuid): Tie[] {
  return Neurons.ParentKeys.get(s, hotkey, netuid);
}

function putChildren(s: Store, hotkey: Account, netuid: Netuid, ties: Tie[]): void {
  if (ties.length === 0) Neurons.ChildKeys.remove(s, hotkey, netuid);
  else Neurons.ChildKeys.put(s, hotkey, netuid, ties);
}

function putParents(s: Store, hotkey: Account, netuid: Netuid, ties: Tie[]): void {
  if (ties.length === 0) Neurons.ParentKeys.remove(s, hotkey, netuid);
  else Neurons.ParentKeys.put(s, hotkey, netuid, ties);
}

function tiesOf(ties: readonly Tie[]): Map<Account, bigint> {
  return new Map(ties.map(([proportion, hotkey]) => [hotkey, proportion]));
}

function without(ties: Ties, hotkey: Account): Ties {
  return new Map([...ties].filter(([other]) => other !== hotkey));
}

function drop(ties: readonly Tie[], hotkey: Account): Tie[] {
  return ties.filter(([, other]) => other !== hotkey);
}

/** Ties stand in the order in which they were made; one that changes keeps its place. */
function withTie(ties: readonly Tie[], hotkey: Account, proportion: bigint): Tie[] {
  if (!ties.some(([, other]) => other === hotkey)) return [...ties, [proportion, hotkey]];
  return ties.map((tie): Tie => (tie[1] === hotkey ? [proportion, hotkey] : tie));
}

/** The chain keeps a hotkey's own lists ordered by account. */
function inOrder(ties: Ties): Tie[] {
  return [...ties]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([hotkey, proportion]): Tie => [proportion, hotkey]);
}
