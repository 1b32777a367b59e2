import { expect } from "vitest";
import { BareChain } from "../../bare-chain.ts";
import type { Account, DispatchOutcome } from "../../dsl/context.ts";

/*
 * A chain for tests of the rules: three rich coldkeys, and subnets that run. The first subnet made is number 2.
 */

export const TAO = 1_000_000_000n;
export const TEMPO = 10;
export const OWNER = account(0xa0);
export const OWNER_HOTKEY = account(0xa1);
export const COLDKEY = account(0xb0);
export const HOTKEY = account(0xb1);
export const OTHER = account(0xd0);
export const OTHER_HOTKEY = account(0xd1);
export const SUBTENSOR = "SubtensorModule";

export function createTestChain(): BareChain {
  const chain = new BareChain({
    balances: [OWNER, COLDKEY, OTHER].map((who) => ({ account: who, rao: 1_000_000n * TAO })),
    sudo: OWNER,
    slotMs: 250,
  });
  ok(chain.root("AdminUtils", "sudo_set_network_rate_limit", { rate_limit: 0n }));
  ok(chain.root("AdminUtils", "sudo_set_admin_freeze_window", { window: 0 }));
  return chain;
}

/** The next subnet of the owner, started, with a short tempo and without committed weights. */
export function openSubnet(chain: BareChain, netuid: number, hotkey: Account = OWNER_HOTKEY): void {
  ok(chain.call(OWNER, SUBTENSOR, "register_network", { hotkey }));
  for (const [call, args] of [
    ["sudo_set_tempo", { netuid, tempo: TEMPO }],
    ["sudo_set_commit_reveal_weights_enabled", { netuid, enabled: false }],
    ["sudo_set_weights_set_rate_limit", { netuid, weights_set_rate_limit: 0n }],
    ["sudo_set_subnet_emission_enabled", { netuid, enabled: true }],
  ] as const) {
    ok(chain.root("AdminUtils", call, args));
  }
  ok(chain.call(OWNER, SUBTENSOR, "start_call", { netuid }));
}

export function stake(
  chain: BareChain,
  coldkey: Account,
  hotkey: Account,
  netuid: number,
  rao: bigint,
): void {
  ok(chain.call(coldkey, SUBTENSOR, "add_stake", { hotkey, netuid, amount_staked: rao }));
}

export function ok(outcome: DispatchOutcome): void {
  expect(outcome).toMatchObject({ ok: true });
}

/** The name of the error without its pallet, or "ok". */
export function failure(outcome: DispatchOutcome): string {
  return outcome.ok ? "ok" : outcome.name.slice(outcome.name.indexOf(".") + 1);
}

export function account(byte: number): Account {
  return `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
}
