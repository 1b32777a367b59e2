import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { record, vec } from "../../../../types/composites.ts";
import { Bool, CompactU64 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../../types/type-node.ts";
import { subnetIds } from "../subnets.ts";
import { Account, C16, C64, CompactAlpha, CompactNetUid, CompactTao } from "./info-fields.ts";
import { metagraphOf } from "./metagraph.ts";

/** The columns of a metagraph, and what each hotkey earned on every subnet, which the chain does not count any more. */
export const SubnetState = record(
  "pallet_subtensor::rpc_info::show_subnet::SubnetState",
  {
    netuid: CompactNetUid,
    hotkeys: vec(Account),
    coldkeys: vec(Account),
    active: vec(Bool),
    validator_permit: vec(Bool),
    pruning_score: vec(C16),
    last_update: vec(C64),
    emission: vec(CompactAlpha),
    dividends: vec(C16),
    incentives: vec(C16),
    consensus: vec(C16),
    trust: vec(C16),
    rank: vec(C16),
    block_at_registration: vec(C64),
    alpha_stake: vec(CompactAlpha),
    tao_stake: vec(CompactTao),
    total_stake: vec(CompactTao),
    emission_history: named("Vec<Vec<Compact<AlphaBalance>>>", vec(vec(CompactU64))),
  },
  { AccountId },
);
export type SubnetState = ValueOf<typeof SubnetState>;

export function subnetState(s: Reader, netuid: Netuid): SubnetState {
  const metagraph = metagraphOf(s, netuid);
  return { ...metagraph, emission_history: subnetIds(s).map(() => metagraph.hotkeys.map(() => 0n)) };
}
