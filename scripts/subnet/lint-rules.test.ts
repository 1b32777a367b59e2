import { describe, expect, it } from "vitest";
import type { Neuron } from "../../shared/chain/metagraph.ts";
import type { SubnetInfo } from "../../shared/chain/operator-chain.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import { parseHyperparameter } from "./hyperparameter-value.ts";
import { lintSubnet } from "./lint-rules.ts";

const HEALTHY: SubnetInfo = {
  ...{ netuid: 2, block: 10_000, owner: "owner", ownerHotkey: "hotkey", mechanisms: 1, burnRao: 10n ** 9n },
  ...{
    neurons: 64,
    maxNeurons: 256,
    registeredAt: 1,
    isStarted: true,
    startableFrom: 10,
    isRegistrationOpen: true,
  },
  hyperparameters: {
    ...{
      tempo: 360,
      immunity_period: 5000,
      registration_allowed: true,
      min_burn: 1_000_000,
      max_burn: 10 ** 11,
    },
    ...{ burn_half_life: 360, max_uids: 256, max_validators: 64, min_allowed_weights: 1 },
    ...{ max_weights_limit: 65_535, weights_version: 1, weights_rate_limit: 100 },
    ...{ commit_reveal_weights_enabled: true, commit_reveal_period: 1, activity_cutoff_factor: 13_889 },
    ...{ serving_rate_limit: 50, kappa: 32_767, rho: 10, bonds_moving_avg: 900_000, bonds_penalty: 65_535 },
    ...{ bonds_reset_enabled: false, yuma3_enabled: false, liquid_alpha_enabled: false },
    ...{ alpha_sigmoid_steepness: 1000, transfers_enabled: true, owner_cut_enabled: true },
  },
};

const NEURON = { validatorPermit: true, active: true, stakeRao: 1n, registeredAt: 1 } as Neuron;

describe("lintSubnet", () => {
  it("finds nothing in a healthy subnet", () => {
    expect(codes({})).toEqual([]);
  });

  it.each<[string, Partial<SubnetInfo["hyperparameters"]>]>([
    ["EPOCHS_OFF", { tempo: 0 }],
    ["TEMPO_SHORT", { tempo: 20, weights_rate_limit: 0, serving_rate_limit: 0 }],
    ["IMMUNITY_SHORT", { immunity_period: 720 }],
    ["WEIGHTS_TOO_RARE", { weights_rate_limit: 361 }],
    ["VALIDATORS_FALL_ASLEEP", { activity_cutoff_factor: 277 }],
    ["MIN_WEIGHTS_UNREACHABLE", { min_allowed_weights: 64 }],
    ["MAX_WEIGHT_UNREACHABLE", { max_weights_limit: 1000 }],
    ["EVERYBODY_VALIDATES", { max_validators: 256 }],
    ["COPYING_IS_FREE", { commit_reveal_weights_enabled: false }],
    ["BURN_BOUNDS", { max_burn: 1 }],
    ["JOINING_IS_FREE", { min_burn: 1 }],
    ["OLD_VALIDATORS", { weights_version: 0 }],
    ["SERVING_TOO_RARE", { serving_rate_limit: 361 }],
    ["LIQUID_ALPHA_IDLE", { liquid_alpha_enabled: true }],
  ])("says %s", (code, hyperparameters) => {
    expect(codes({ hyperparameters: { ...HEALTHY.hyperparameters, ...hyperparameters } })).toEqual([code]);
  });

  it("looks at the state and at the neurons, errors first", () => {
    const none = { ...NEURON, validatorPermit: false };
    expect(codes({ isStarted: false, isRegistrationOpen: false }, [none])).toEqual([
      "NOT_STARTED",
      "REGISTRATION_CLOSED",
      "NO_VALIDATOR",
    ]);
    expect(codes({}, [{ ...NEURON, active: false }])).toEqual(["NOBODY_WEIGHS"]);
    expect(codes({ maxNeurons: 1 }, [{ ...NEURON, registeredAt: 9_999 }])).toEqual(["NOBODY_REPLACEABLE"]);
  });
});

describe("parseHyperparameter", () => {
  const present = (name: keyof SubnetInfo["hyperparameters"]) => HEALTHY.hyperparameters[name];

  it("takes numbers and yes or no where they belong", () => {
    expect(parseHyperparameter("immunity_period", "9000", present)).toMatchObject({ value: 9000 });
    expect(parseHyperparameter("max_burn", "18446744073709551615", present).value).toBe(2n ** 64n - 1n);
    expect(parseHyperparameter("yuma3_enabled", "on", present)).toMatchObject({ value: true });
  });

  it.each([
    [undefined, undefined],
    ["tempo", undefined],
    ["imunity_period", "1"],
    ["constructor", "1"],
    ["immunity_period", "soon"],
    ["immunity_period", "1.5"],
    ["yuma3_enabled", "1"],
    ["max_burn", "18446744073709551616"],
    ["max_weights_limit", "1"],
  ])("refuses %s %s", (name, text) => {
    expect(() => parseHyperparameter(name, text, present)).toThrowError(
      expect.toSatisfy((error: unknown) => isSubforgeError(error, "HYPERPARAMETER_INVALID")),
    );
  });
});

function codes(change: Partial<SubnetInfo>, neurons: Neuron[] = [NEURON]): string[] {
  return lintSubnet({ info: { ...HEALTHY, ...change }, neurons }).map(({ code }) => code);
}
