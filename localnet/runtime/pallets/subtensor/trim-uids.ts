import type { Netuid, Uid } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import type { StoredMap } from "../../dsl/storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeysOf, immortals, isImmune } from "./neurons.ts";
import { Stakes } from "./stake-storage.ts";
import { storageIndexes, subnetExists } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";

/** Per cent of the places left that may be taken by those who cannot be removed; less than this. */
const MAX_IMMUNE_PERCENT = 80;

/** Fewer uids: those that earned least go, the others move together and keep their weights and bonds. */
export function trimUids(c: Context, netuid: Netuid, max: number): void {
  const { store: s } = c;
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(max >= Hyperparameters.MinAllowedUids.get(s, netuid), errors.is.InvalidValue);
  ensure(max <= Hyperparameters.MaxAllowedUids.get(s, netuid), errors.is.InvalidValue);
  Hyperparameters.MaxAllowedUids.put(s, netuid, max);
  const n = Networks.SubnetworkN.get(s, netuid);
  if (n <= max) return;

  const immortal = new Set(immortals(s, netuid));
  const uids = Array.from({ length: n }, (_, uid) => uid);
  const spared = new Set(uids.filter((uid) => immortal.has(uid) || isImmune(c, netuid, uid)));
  const percent = max === 0 ? 100 : Math.floor((spared.size * 100) / max);
  ensure(percent < MAX_IMMUNE_PERCENT, errors.is.TrimmingWouldExceedMaxImmunePercentage);
  const gone = new Set(
    weakestFirst(s, netuid)
      .filter((uid) => !spared.has(uid))
      .slice(0, n - max),
  );
  moveTogether(
    s,
    netuid,
    uids.filter((uid) => !gone.has(uid)),
  );
}

function weakestFirst(s: Reader, netuid: Netuid): Uid[] {
  const emission = Neurons.Emission.get(s, netuid);
  const compare = (a: Uid, b: Uid) =>
    emission[a]! === emission[b]! ? b - a : emission[a]! < emission[b]! ? -1 : 1;
  return emission.map((_, uid) => uid).sort(compare);
}

/** Keep these uids, ascending, and number them from 0. */
function moveTogether(s: Store, netuid: Netuid, kept: readonly Uid[]): void {
  const before = hotkeysOf(s, netuid).map((hotkey, uid) => ({
    hotkey,
    registeredAt: Neurons.BlockAtRegistration.get(s, netuid, uid),
  }));
  const next = new Map(kept.map((uid, position) => [uid, position]));
  before.forEach(({ hotkey }, uid) => {
    if (!next.has(uid)) forgetNeuron(s, netuid, hotkey);
    Neurons.Keys.remove(s, netuid, uid);
    Neurons.BlockAtRegistration.remove(s, netuid, uid);
  });
  Neurons.Uids.clear(s, netuid);
  for (const [uid, position] of next) {
    Neurons.Keys.put(s, netuid, position, before[uid]!.hotkey);
    Neurons.Uids.put(s, netuid, before[uid]!.hotkey, position);
    Neurons.BlockAtRegistration.put(s, netuid, position, before[uid]!.registeredAt);
  }

  for (const column of [Neurons.Consensus, Neurons.Dividends, Neurons.ValidatorTrust, Neurons.StakeWeight]) {
    pick(s, column, netuid, kept, 0);
  }
  pick(s, Neurons.Emission, netuid, kept, 0n);
  pick(s, Neurons.Active, netuid, kept, false);
  pick(s, Neurons.ValidatorPermit, netuid, kept, false);
  for (const index of storageIndexes(s, netuid)) {
    pick(s, Neurons.Incentive, index, kept, 0);
    pick(s, Neurons.LastUpdate, index, kept, 0n);
    renumber(s, Neurons.Weights, index, next);
    renumber(s, Neurons.Bonds, index, next);
  }
  Networks.SubnetworkN.put(s, netuid, kept.length);
}

function forgetNeuron(s: Store, netuid: Netuid, hotkey: Account): void {
  Neurons.IsNetworkMember.remove(s, hotkey, netuid);
  Stakes.AlphaDividendsPerSubnet.remove(s, netuid, hotkey);
  Neurons.Axons.remove(s, netuid, hotkey);
  Neurons.NeuronCertificates.remove(s, netuid, hotkey);
  Neurons.Prometheus.remove(s, netuid, hotkey);
}

function pick<T>(
  s: Store,
  column: StoredMap<[number], T[], T[]>,
  index: number,
  kept: readonly Uid[],
  empty: T,
): void {
  column.mutate(s, index, (values) => kept.map((uid) => values[uid] ?? empty));
}

type Rows = StoredMap<[number, number], [number, number][], [number, number][]>;

function renumber(s: Store, rows: Rows, index: number, next: ReadonlyMap<Uid, Uid>): void {
  const before = [...rows.entries(s, index)];
  rows.clear(s, index);
  for (const [[, from], row] of before) {
    const position = next.get(from);
    if (position === undefined) continue;
    const renumbered = row.flatMap(([to, value]): [number, number][] => {
      const target = next.get(to);
      return target === undefined ? [] : [[target, value]];
    });
    rows.put(s, index, position, renumbered);
  }
}
