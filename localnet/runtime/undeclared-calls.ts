/** A pallet of the real runtime with those of its calls that this chain does not have, by index. */
type UndeclaredPallet = { name: string; calls: Record<number, string> };

/** All calls of spec 424 that are not modelled, by pallet index, so that a refusal can name them. */
export const UNDECLARED_CALLS: Record<number, UndeclaredPallet> = {
  0: {
    name: "System",
    calls: {
      1: "set_heap_pages",
      2: "set_code",
      3: "set_code_without_checks",
      6: "kill_prefix",
      9: "authorize_upgrade",
      10: "authorize_upgrade_without_checks",
      11: "apply_authorized_upgrade",
    },
  },
  4: {
    name: "Grandpa",
    calls: { 0: "report_equivocation", 1: "report_equivocation_unsigned", 2: "note_stalled" },
  },
  5: {
    name: "Balances",
    calls: {
      2: "force_transfer",
      5: "force_unreserve",
      6: "upgrade_accounts",
      9: "force_adjust_total_issuance",
      10: "burn",
    },
  },
  7: {
    name: "SubtensorModule",
    calls: {
      93: "associate_evm_key",
      110: "register_leased_network",
      111: "terminate_lease",
      129: "enable_voting_power_tracking",
      130: "disable_voting_power_tracking",
      131: "sudo_set_voting_power_ema_alpha",
      136: "lock_stake",
      137: "move_lock",
      138: "set_perpetual_lock",
      142: "set_reject_locked_alpha",
    },
  },
  11: {
    name: "Utility",
    calls: {
      1: "as_derivative",
      3: "dispatch_as",
      5: "with_weight",
      6: "if_else",
      7: "dispatch_as_fallible",
    },
  },
  12: { name: "Sudo", calls: { 4: "remove_key" } },
  13: {
    name: "Multisig",
    calls: {
      0: "as_multi_threshold_1",
      1: "as_multi",
      2: "approve_as_multi",
      3: "cancel_as_multi",
      4: "poke_deposit",
    },
  },
  14: {
    name: "Preimage",
    calls: {
      0: "note_preimage",
      1: "unnote_preimage",
      2: "request_preimage",
      3: "unrequest_preimage",
      4: "ensure_updated",
    },
  },
  15: {
    name: "Scheduler",
    calls: {
      0: "schedule",
      1: "cancel",
      2: "schedule_named",
      3: "cancel_named",
      4: "schedule_after",
      5: "schedule_named_after",
      6: "set_retry",
      7: "set_retry_named",
      8: "cancel_retry",
      9: "cancel_retry_named",
    },
  },
  16: { name: "Proxy", calls: { 10: "poke_deposit", 11: "set_real_pays_fee" } },
  19: {
    name: "AdminUtils",
    calls: {
      0: "swap_authorities",
      55: "sudo_set_dissolve_network_schedule_duration",
      58: "sudo_set_evm_chain_id",
      59: "schedule_grandpa_change",
      62: "sudo_toggle_evm_precompile",
      81: "sudo_set_tao_flow_cutoff",
      82: "sudo_set_tao_flow_normalization_exponent",
      83: "sudo_set_tao_flow_smoothing_factor",
      91: "sudo_set_net_tao_flow_enabled",
      95: "sudo_set_owner_cut_auto_lock_enabled",
    },
  },
  20: {
    name: "SafeMode",
    calls: {
      0: "enter",
      1: "force_enter",
      2: "extend",
      3: "force_extend",
      4: "force_exit",
      5: "force_slash_deposit",
      6: "release_deposit",
      7: "force_release_deposit",
    },
  },
  21: { name: "Ethereum", calls: { 0: "transact" } },
  22: {
    name: "EVM",
    calls: {
      0: "withdraw",
      1: "call",
      2: "create",
      3: "create2",
      4: "set_whitelist",
      5: "disable_whitelist",
    },
  },
  25: { name: "BaseFee", calls: { 0: "set_base_fee_per_gas", 1: "set_elasticity" } },
  27: {
    name: "Crowdloan",
    calls: {
      0: "create",
      1: "contribute",
      2: "withdraw",
      3: "finalize",
      4: "refund",
      5: "dissolve",
      6: "update_min_contribution",
      7: "update_end",
      8: "update_cap",
      9: "set_max_contribution",
    },
  },
  28: {
    name: "Swap",
    calls: {
      1: "add_liquidity",
      2: "remove_liquidity",
      3: "modify_position",
      4: "toggle_user_liquidity",
      5: "disable_lp",
    },
  },
  29: {
    name: "Contracts",
    calls: {
      0: "call_old_weight",
      1: "instantiate_with_code_old_weight",
      2: "instantiate_old_weight",
      3: "upload_code",
      4: "remove_code",
      5: "set_code",
      6: "call",
      7: "instantiate_with_code",
      8: "instantiate",
      9: "migrate",
    },
  },
  30: {
    name: "MevShield",
    calls: {
      0: "announce_next_key",
      1: "submit_encrypted",
      2: "store_encrypted",
      3: "set_max_pending_extrinsics_number",
      4: "set_on_initialize_weight",
      5: "set_stored_extrinsic_lifetime",
      6: "set_max_extrinsic_weight",
    },
  },
  32: {
    name: "LimitOrders",
    calls: { 0: "execute_orders", 1: "execute_batched_orders", 2: "cancel_order", 3: "set_pallet_status" },
  },
};

/**
 * Why a call cannot be decoded that no pallet of this chain declares, and who can run it.
 *
 * @param pallet - Name of the pallet if this chain has it.
 */
export function explainUndeclared(palletIndex: number, callIndex: number, pallet?: string): string {
  const known = UNDECLARED_CALLS[palletIndex];
  const call = known?.calls[callIndex];
  if (known !== undefined && call !== undefined) {
    return `${known.name}.${call} is not modelled by this local chain: \`subforge chain start --runtime FILE\` runs the real runtime, which has it`;
  }
  const owner = pallet ?? known?.name;
  return owner === undefined
    ? `there is no pallet ${palletIndex}, neither here nor in the runtime that this chain models`
    : `there is no call ${callIndex} of ${owner}, neither here nor in the runtime that this chain models`;
}
