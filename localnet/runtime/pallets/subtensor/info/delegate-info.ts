import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { record, tuple, vec } from "../../../../types/composites.ts";
import { CompactU16, CompactU64 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../../types/type-node.ts";
import { U64F64 } from "../../../consensus/fixed.ts";
import type { Account as AccountHex } from "../../../dsl/context.ts";
import { Hyperparameters } from "../hyperparameter-storage.ts";
import { Neurons } from "../neuron-storage.ts";
import { hotkeyStake, stakeOf } from "../stake.ts";
import { Stakes } from "../stake-storage.ts";
import { ROOT } from "../subtensor-id.ts";
import { Account, C16, C64 } from "./info-fields.ts";

/** Blocks of a day on the real chain. */
const BLOCKS_PER_DAY = 7_200n;
const U16_MAX = 65_535n;
/** 1000 TAO in rao. */
const THOUSAND_TAO = 1_000_000_000_000n;

const NetUids = named("Vec<Compact<NetUid>>", vec(CompactU16));

/** A hotkey that takes stake of others: its take, who staked, and what it returns at the pace of the last epoch. */
export const DelegateInfo = record(
  "pallet_subtensor::rpc_info::delegate_info::DelegateInfo",
  {
    delegate_ss58: Account,
    take: C16,
    nominators: named(
      "Vec<(AccountId, Vec<(Compact<NetUid>, Compact<u64>)>)>",
      vec(tuple(AccountId, vec(tuple(CompactU16, CompactU64)))),
    ),
    owner_ss58: Account,
    registrations: NetUids,
    validator_permits: NetUids,
    return_per_1000: C64,
    total_daily_return: C64,
  },
  { AccountId },
);
export type DelegateInfo = ValueOf<typeof DelegateInfo>;

/** Hotkeys that chose a take. */
export function delegates(s: Reader): AccountHex[] {
  return [...Neurons.Delegates.entries(s)].map(([[hotkey]]) => hotkey);
}

export function delegateInfo(s: Reader, hotkey: AccountHex): DelegateInfo {
  const registrations = subnetsOf(s, hotkey);
  const permits = registrations.filter((netuid) => {
    const uid = Neurons.Uids.get(s, netuid, hotkey);
    return uid !== undefined && Neurons.ValidatorPermit.get(s, netuid)[uid] === true;
  });
  const perDay = U64F64.sum(registrations.map((netuid) => emissionPerDay(s, hotkey, netuid)));
  const take = Neurons.Delegates.get(s, hotkey);
  return {
    delegate_ss58: hotkey,
    take,
    nominators: nominators(s, hotkey),
    owner_ss58: Neurons.Owner.get(s, hotkey),
    registrations,
    validator_permits: permits,
    return_per_1000: returnPerThousand(take, hotkeyStake(s, hotkey, ROOT), perDay),
    total_daily_return: U64F64.toUnsigned(perDay, 64),
  };
}

/** Delegates with whom a coldkey has stake, once per subnet, without their nominators. */
export function delegated(s: Reader, coldkey: AccountHex): [DelegateInfo, [Netuid, bigint]][] {
  return delegates(s).flatMap((hotkey) =>
    [...Stakes.AlphaV2.entries(s, hotkey, coldkey)].map(
      ([[, , netuid]]): [DelegateInfo, [Netuid, bigint]] => [
        { ...delegateInfo(s, hotkey), nominators: [] },
        [netuid, stakeOf(s, hotkey, coldkey, netuid)],
      ],
    ),
  );
}

/** Coldkeys ascending, each with its stakes. */
function nominators(s: Reader, hotkey: AccountHex): DelegateInfo["nominators"] {
  const stakes = new Map<AccountHex, [Netuid, bigint][]>();
  for (const [[, coldkey, netuid]] of Stakes.AlphaV2.entries(s, hotkey)) {
    const of = stakes.get(coldkey) ?? [];
    of.push([netuid, stakeOf(s, hotkey, coldkey, netuid)]);
    stakes.set(coldkey, of);
  }
  return [...stakes].sort(([a], [b]) => (a < b ? -1 : 1));
}

function subnetsOf(s: Reader, hotkey: AccountHex): Netuid[] {
  return [...Neurons.IsNetworkMember.entries(s, hotkey)].flatMap(([[, netuid], member]) =>
    member ? [netuid] : [],
  );
}

/** Alpha at the pace of the last epoch, U64F64. */
function emissionPerDay(s: Reader, hotkey: AccountHex, netuid: Netuid): bigint {
  const uid = Neurons.Uids.get(s, netuid, hotkey);
  const tempo = BigInt(Hyperparameters.Tempo.get(s, netuid));
  if (uid === undefined || tempo === 0n) return 0n;
  const emission = Neurons.Emission.get(s, netuid)[uid] ?? 0n;
  const epochs = U64F64.div(U64F64.fromInteger(BLOCKS_PER_DAY), U64F64.fromInteger(tempo));
  return U64F64.mul(U64F64.fromInteger(emission), epochs);
}

/** Of 1000 TAO on root, after the take, rao per day. */
function returnPerThousand(take: number, rootStake: bigint, perDay: bigint): bigint {
  if (rootStake === 0n) return 0n;
  const taken = U64F64.div(U64F64.fromInteger(BigInt(take)), U64F64.fromInteger(U16_MAX));
  const left = U64F64.mul(perDay, U64F64.sub(U64F64.one, taken));
  const thousands = U64F64.div(U64F64.fromInteger(rootStake), U64F64.fromInteger(THOUSAND_TAO));
  return U64F64.toUnsigned(U64F64.safeDiv(left, thousands), 64);
}
