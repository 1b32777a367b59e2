import type { RuntimeCall } from "../../dsl/context.ts";
import type { ProxyDefinition, ProxyType } from "./proxy-storage.ts";

/** Largest transfer of the small kind, rao of TAO and of alpha; below it, not up to it. */
const SMALL = 500_000_000n;

const COLDKEY_SWAP = [
  "SubtensorModule.announce_coldkey_swap",
  "SubtensorModule.swap_coldkey_announced",
  "SubtensorModule.clear_coldkey_swap_announcement",
  "SubtensorModule.dispute_coldkey_swap",
];
const STAKING = [
  "add_stake",
  "add_stake_limit",
  "remove_stake",
  "remove_stake_limit",
  "remove_stake_full_limit",
  "unstake_all",
  "unstake_all_alpha",
  "swap_stake",
  "swap_stake_limit",
  "move_stake",
].map((name) => `SubtensorModule.${name}`);
const LEASE = [
  "serving_rate_limit",
  "min_difficulty",
  "max_difficulty",
  "weights_version_key",
  "adjustment_alpha",
  "immunity_period",
  "min_allowed_weights",
  "kappa",
  "rho",
  "activity_cutoff",
  "network_registration_allowed",
  "network_pow_registration_allowed",
  "max_burn",
  "bonds_moving_average",
  "bonds_penalty",
  "commit_reveal_weights_enabled",
  "liquid_alpha_enabled",
  "alpha_values",
  "commit_reveal_weights_interval",
  "toggle_transfer",
  "subnet_emission_enabled",
  "min_childkey_take_per_subnet",
].map((name) => `AdminUtils.sudo_set_${name}`);

/** Calls by name, a whole pallet by `Pallet.*`. What a type does not name is allowed by `except`, refused by `only`. */
type Rule = { only: readonly string[]; except?: readonly string[] } | { except: readonly string[] };
const NOTHING: Rule = { only: [] };

const RULES: Record<ProxyType["type"], Rule> = {
  Any: { except: [] },
  Owner: {
    only: ["AdminUtils.*", "SubtensorModule.set_subnet_identity", "SubtensorModule.update_symbol"],
    except: ["AdminUtils.sudo_set_sn_owner_hotkey", "AdminUtils.sudo_set_subnet_owner_hotkey"],
  },
  NonCritical: {
    except: [
      "SubtensorModule.dissolve_network",
      "SubtensorModule.root_register",
      "SubtensorModule.burned_register",
      "Sudo.*",
      ...COLDKEY_SWAP,
    ],
  },
  NonTransfer: {
    except: [
      "Balances.*",
      "SubtensorModule.transfer_stake",
      "SubtensorModule.schedule_swap_coldkey",
      "SubtensorModule.swap_coldkey",
      ...COLDKEY_SWAP,
    ],
  },
  NonFungible: {
    except: [
      "Balances.*",
      ...STAKING,
      "SubtensorModule.transfer_stake",
      "SubtensorModule.burned_register",
      "SubtensorModule.root_register",
      "SubtensorModule.schedule_swap_coldkey",
      "SubtensorModule.swap_coldkey",
      "SubtensorModule.swap_hotkey",
      "SubtensorModule.swap_hotkey_v2",
      ...COLDKEY_SWAP,
    ],
  },
  Staking: { only: [...STAKING, "SubtensorModule.set_root_claim_type"] },
  Registration: {
    only: ["SubtensorModule.burned_register", "SubtensorModule.register", "SubtensorModule.register_limit"],
  },
  Transfer: {
    only: [
      "Balances.transfer_keep_alive",
      "Balances.transfer_allow_death",
      "Balances.transfer_all",
      "SubtensorModule.transfer_stake",
    ],
  },
  SmallTransfer: {
    only: ["Balances.transfer_keep_alive", "Balances.transfer_allow_death", "SubtensorModule.transfer_stake"],
  },
  ChildKeys: { only: ["SubtensorModule.set_children", "SubtensorModule.set_childkey_take"] },
  SwapHotkey: { only: ["SubtensorModule.swap_hotkey", "SubtensorModule.swap_hotkey_v2"] },
  SubnetLeaseBeneficiary: { only: ["SubtensorModule.start_call", ...LEASE] },
  RootClaim: { only: ["SubtensorModule.claim_root"] },
  SudoUncheckedSetCode: NOTHING, // it allows to set the runtime's code alone, which is no call of this chain
  Senate: NOTHING,
  Triumvirate: NOTHING,
  Governance: NOTHING,
  RootWeights: NOTHING,
};

/** May a delegate make this call? Also asked for each call inside of it. */
export function allows({ proxy_type: { type } }: ProxyDefinition, call: RuntimeCall): boolean {
  if (call.type === "Proxy") {
    const name = call.value.type;
    if (name === "add_proxy" || name === "remove_proxy") {
      const { proxy_type } = call.value.value as { proxy_type: ProxyType };
      if (!includes(type, proxy_type.type)) return false;
    }
    if ((name === "remove_proxies" || name === "kill_pure") && type !== "Any") return false;
  }
  return isNamed(RULES[type], call) && (type !== "SmallTransfer" || isSmall(call));
}

/** Has one type all rights of another? */
function includes(type: ProxyType["type"], other: ProxyType["type"]): boolean {
  if (type === other || type === "Any") return true;
  if (other === "Any") return false;
  if (type === "NonTransfer") return other !== "Transfer" && other !== "SmallTransfer";
  return type === "Transfer" && other === "SmallTransfer";
}

function isNamed(rule: Rule, call: RuntimeCall): boolean {
  const names = [`${call.type}.${call.value.type}`, `${call.type}.*`];
  const isOn = (list: readonly string[]) => names.some((name) => list.includes(name));
  return ("only" in rule ? isOn(rule.only) : true) && !isOn(rule.except ?? []);
}

function isSmall(call: RuntimeCall): boolean {
  const { value, alpha_amount } = call.value.value as { value?: bigint; alpha_amount?: bigint };
  return (value ?? alpha_amount ?? SMALL) < SMALL;
}
