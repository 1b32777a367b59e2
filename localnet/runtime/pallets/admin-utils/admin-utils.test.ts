import { beforeEach, describe, expect, it } from "vitest";
import { BareChain } from "../../bare-chain.ts";
import type { Account } from "../../dsl/context.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";

const TAO = 1_000_000_000n;
const OWNER: Account = `0x${"a0".repeat(32)}`;
const OTHER: Account = `0x${"b0".repeat(32)}`;
const HOTKEY: Account = `0x${"a1".repeat(32)}`;
const NETUID = 2;
const TEMPO = 20;

let chain: BareChain;

beforeEach(() => {
  chain = new BareChain({
    balances: [OWNER, OTHER].map((account) => ({ account, rao: 10_000n * TAO })),
    sudo: OWNER,
    slotMs: 250,
  });
  chain.call(OWNER, "SubtensorModule", "register_network", { hotkey: HOTKEY });
  expect(root("sudo_set_tempo", { netuid: NETUID, tempo: TEMPO })).toBe("ok");
});

describe("AdminUtils", () => {
  it("lets the owner set what is the owner's, root everything, and nobody else anything", () => {
    const immunity = { netuid: NETUID, immunity_period: 7 };
    expect(by(OTHER, "sudo_set_immunity_period", immunity)).toBe("BadOrigin");
    expect(by(OWNER, "sudo_set_immunity_period", immunity)).toBe("ok");
    expect(Hyperparameters.ImmunityPeriod.get(chain.state, NETUID)).toBe(7);
    expect(by(OWNER, "sudo_set_kappa", { netuid: NETUID, kappa: 1 })).toBe("BadOrigin");
    expect(by(OWNER, "sudo_set_stake_threshold", { min_stake: 1n })).toBe("BadOrigin");
    expect(root("sudo_set_kappa", { netuid: NETUID, kappa: 1 })).toBe("ok");
  });

  it("makes an owner wait two tempos before the same parameter, but not before another", () => {
    const immunity = { netuid: NETUID, immunity_period: 7 };
    expect(root("sudo_set_admin_freeze_window", { window: 0 })).toBe("ok");
    expect(by(OWNER, "sudo_set_immunity_period", immunity)).toBe("ok");
    expect(by(OWNER, "sudo_set_immunity_period", immunity)).toBe("SubtensorModule.TxRateLimitExceeded");
    expect(by(OWNER, "sudo_set_rho", { netuid: NETUID, rho: 5 })).toBe("ok");
    expect(root("sudo_set_immunity_period", immunity)).toBe("ok");
    chain.pass(2 * TEMPO);
    expect(by(OWNER, "sudo_set_immunity_period", immunity)).toBe("ok");
  });

  it("refuses changes shortly before an epoch, and takes them again after it", () => {
    const rho = { netuid: NETUID, rho: 5 };
    const last = Number(Hyperparameters.LastEpochBlock.get(chain.state, NETUID));
    chain.pass(last + TEMPO - 5 - chain.block);
    expect(root("sudo_set_rho", rho)).toBe("SubtensorModule.AdminActionProhibitedDuringWeightsWindow");
    expect(root("sudo_set_weights_set_rate_limit", { netuid: NETUID, weights_set_rate_limit: 1n })).toBe(
      "ok",
    );
    chain.pass(5);
    expect(root("sudo_set_rho", rho)).toBe("ok");
  });

  it.each([
    ["sudo_set_rho", { netuid: 9, rho: 1 }, "AdminUtils.SubnetDoesNotExist"],
    ["sudo_set_min_burn", { netuid: NETUID, min_burn: TAO }, "AdminUtils.ValueNotInBounds"],
    ["sudo_set_max_burn", { netuid: NETUID, max_burn: 1n }, "AdminUtils.ValueNotInBounds"],
    [
      "sudo_set_max_allowed_uids",
      { netuid: NETUID, max_allowed_uids: 1 },
      "AdminUtils.MaxAllowedUidsLessThanMinAllowedUids",
    ],
    [
      "sudo_set_max_allowed_uids",
      { netuid: NETUID, max_allowed_uids: 257 },
      "AdminUtils.MaxAllowedUidsGreaterThanDefaultMaxAllowedUids",
    ],
    [
      "sudo_set_max_allowed_validators",
      { netuid: NETUID, max_allowed_validators: 257 },
      "AdminUtils.MaxValidatorsLargerThanMaxUIds",
    ],
    [
      "sudo_set_alpha_values",
      { netuid: NETUID, alpha_low: 2000, alpha_high: 3000 },
      "SubtensorModule.LiquidAlphaDisabled",
    ],
    [
      "sudo_set_activity_cutoff",
      { netuid: NETUID, activity_cutoff: 359 },
      "SubtensorModule.ActivityCutoffTooLow",
    ],
    ["sudo_set_burn_half_life", { netuid: 0, burn_half_life: 5 }, "AdminUtils.NotPermittedOnRootSubnet"],
    ["sudo_set_max_epochs_per_block", { max_epochs_per_block: 0 }, "AdminUtils.ValueNotInBounds"],
  ])("%s(%o) is refused with %s", (name, args, error) => {
    expect(root("sudo_set_admin_freeze_window", { window: 0 })).toBe("ok");
    expect(root(name, args)).toBe(error);
  });
});

function by(who: Account, name: string, args: Record<string, unknown>): string {
  const outcome = chain.call(who, "AdminUtils", name, args);
  return outcome.ok ? "ok" : outcome.name;
}

function root(name: string, args: Record<string, unknown>): string {
  const outcome = chain.root("AdminUtils", name, args);
  return outcome.ok ? "ok" : outcome.name;
}
