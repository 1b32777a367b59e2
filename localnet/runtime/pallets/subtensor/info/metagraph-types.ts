import { nullable, option, record, tuple, vec } from "../../../../types/composites.ts";
import { I96F32 } from "../../../../types/fixed-point.ts";
import { Bool, CompactU8, CompactU16, CompactU128 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named, type TypeNode, type ValueOf } from "../../../../types/type-node.ts";
import { AxonInfo, ChainIdentityV2, SubnetIdentityV3 } from "../subtensor-types.ts";
import {
  Account,
  AlphaByAccount,
  C16,
  C64,
  CompactAlpha,
  CompactNetUid,
  CompactTao,
  TaoByAccount,
  Text,
} from "./info-fields.ts";

const Identity = option(SubnetIdentityV3);

/** A subnet as a whole: itself, its pool, its rules, and a column per property of its neurons. */
const METAGRAPH_FIELDS = {
  netuid: CompactNetUid,
  name: Text,
  symbol: Text,
  identity: Identity,
  network_registered_at: C64,
  owner_hotkey: Account,
  owner_coldkey: Account,
  block: C64,
  tempo: C16,
  last_step: C64,
  blocks_since_last_step: C64,
  subnet_emission: C64,
  alpha_in: CompactAlpha,
  alpha_out: CompactAlpha,
  tao_in: CompactTao,
  alpha_out_emission: CompactAlpha,
  alpha_in_emission: CompactAlpha,
  tao_in_emission: CompactTao,
  pending_alpha_emission: CompactAlpha,
  pending_root_emission: CompactTao,
  subnet_volume: named("Compact<u128>", CompactU128),
  moving_price: I96F32,
  rho: C16,
  kappa: C16,
  min_allowed_weights: C16,
  max_weights_limit: C16,
  weights_version: C64,
  weights_rate_limit: C64,
  activity_cutoff: C64,
  max_validators: C16,
  num_uids: C16,
  max_uids: C16,
  burn: CompactTao,
  difficulty: C64,
  registration_allowed: Bool,
  pow_registration_allowed: Bool,
  immunity_period: C16,
  min_difficulty: C64,
  max_difficulty: C64,
  min_burn: CompactTao,
  max_burn: CompactTao,
  adjustment_alpha: C64,
  adjustment_interval: C16,
  target_regs_per_interval: C16,
  max_regs_per_block: C16,
  serving_rate_limit: C64,
  commit_reveal_weights_enabled: Bool,
  commit_reveal_period: C64,
  liquid_alpha_enabled: Bool,
  alpha_high: C16,
  alpha_low: C16,
  bonds_moving_avg: C64,
  hotkeys: vec(Account),
  coldkeys: vec(Account),
  identities: named("Vec<Option<ChainIdentityOfV2>>", vec(option(ChainIdentityV2))),
  axons: vec(AxonInfo),
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
  tao_dividends_per_hotkey: TaoByAccount,
  alpha_dividends_per_hotkey: AlphaByAccount,
};

export const Metagraph = record("pallet_subtensor::rpc_info::metagraph::Metagraph", METAGRAPH_FIELDS, {
  AccountId,
});
export type Metagraph = ValueOf<typeof Metagraph>;

const { netuid, ...SELECTABLE } = METAGRAPH_FIELDS;

/**
 * The same where every field but the first is there only when it was asked for, and two more. `identity` is null when it
 * was asked for and there is none.
 */
const SELECTIVE_FIELDS = {
  netuid,
  ...optional(SELECTABLE),
  identity: option(nullable(Identity)),
  validators: named("Option<Vec<Compact<u16>>>", option(vec(CompactU16))),
  commitments: named(
    "Option<Vec<(AccountId, Vec<Compact<u8>>)>>",
    option(vec(tuple(AccountId, vec(CompactU8)))),
  ),
};

export const SelectiveMetagraph = record(
  "pallet_subtensor::rpc_info::metagraph::SelectiveMetagraph",
  SELECTIVE_FIELDS,
  { AccountId },
);
export type SelectiveMetagraph = ValueOf<typeof SelectiveMetagraph>;

/** Names of the fields that may be asked for, by their number. */
export const SELECTABLE_FIELDS = Object.keys(SELECTIVE_FIELDS) as (keyof SelectiveMetagraph)[];

type Optional<F> = { [K in keyof F]: F[K] extends TypeNode<infer T> ? TypeNode<T | undefined> : never };

function optional<F extends Record<string, TypeNode>>(fields: F): Optional<F> {
  const entries = Object.entries(fields).map(([name, node]) => [name, option(node)]);
  return Object.fromEntries(entries) as Optional<F>;
}
