/** As stored: numbers are whole; bigint where a number could lose digits. */
export type HyperparameterValue = number | bigint | boolean;

export type Hyperparameter = {
  /** What the value counts; "" for yes or no. */
  unit: string;
  /** Entry of SubtensorModule's storage, as @polkadot/api names it. */
  entry: string;
  /** The AdminUtils call that sets it with `(netuid, value)`. Absent: no single value sets it. */
  setter?: string;
  /** Who may call it besides the chain's administrator. */
  owner?: true;
};

/** Rules of a subnet under the names that operators use for them. Source: opentensor/subtensor, pallets/admin-utils. */
export const HYPERPARAMETERS = {
  tempo: { unit: "blocks", entry: "tempo", setter: "sudoSetTempo" },
  immunity_period: {
    unit: "blocks",
    entry: "immunityPeriod",
    setter: "sudoSetImmunityPeriod",
    owner: true,
  },
  registration_allowed: {
    unit: "",
    entry: "networkRegistrationAllowed",
    setter: "sudoSetNetworkRegistrationAllowed",
  },
  min_burn: { unit: "rao", entry: "minBurn", setter: "sudoSetMinBurn", owner: true },
  max_burn: { unit: "rao", entry: "maxBurn", setter: "sudoSetMaxBurn", owner: true },
  burn_half_life: { unit: "blocks", entry: "burnHalfLife", setter: "sudoSetBurnHalfLife", owner: true },
  max_uids: { unit: "uids", entry: "maxAllowedUids", setter: "sudoSetMaxAllowedUids", owner: true },
  max_validators: { unit: "uids", entry: "maxAllowedValidators", setter: "sudoSetMaxAllowedValidators" },
  min_allowed_weights: {
    unit: "weights",
    entry: "minAllowedWeights",
    setter: "sudoSetMinAllowedWeights",
    owner: true,
  },
  max_weights_limit: { unit: "of 65535", entry: "maxWeightsLimit" },
  weights_version: {
    unit: "version",
    entry: "weightsVersionKey",
    setter: "sudoSetWeightsVersionKey",
    owner: true,
  },
  weights_rate_limit: { unit: "blocks", entry: "weightsSetRateLimit", setter: "sudoSetWeightsSetRateLimit" },
  commit_reveal_weights_enabled: {
    unit: "",
    entry: "commitRevealWeightsEnabled",
    setter: "sudoSetCommitRevealWeightsEnabled",
    owner: true,
  },
  commit_reveal_period: {
    unit: "epochs",
    entry: "revealPeriodEpochs",
    setter: "sudoSetCommitRevealWeightsInterval",
    owner: true,
  },
  activity_cutoff_factor: { unit: "thousandths of a tempo", entry: "activityCutoffFactorMilli" },
  serving_rate_limit: {
    unit: "blocks",
    entry: "servingRateLimit",
    setter: "sudoSetServingRateLimit",
    owner: true,
  },
  kappa: { unit: "of 65535", entry: "kappa", setter: "sudoSetKappa" },
  rho: { unit: "", entry: "rho", setter: "sudoSetRho", owner: true },
  bonds_moving_avg: {
    unit: "millionths",
    entry: "bondsMovingAverage",
    setter: "sudoSetBondsMovingAverage",
    owner: true,
  },
  bonds_penalty: { unit: "of 65535", entry: "bondsPenalty", setter: "sudoSetBondsPenalty", owner: true },
  bonds_reset_enabled: {
    unit: "",
    entry: "bondsResetOn",
    setter: "sudoSetBondsResetEnabled",
    owner: true,
  },
  yuma3_enabled: { unit: "", entry: "yuma3On", setter: "sudoSetYuma3Enabled", owner: true },
  liquid_alpha_enabled: {
    unit: "",
    entry: "liquidAlphaOn",
    setter: "sudoSetLiquidAlphaEnabled",
    owner: true,
  },
  alpha_sigmoid_steepness: {
    unit: "hundredths",
    entry: "alphaSigmoidSteepness",
    setter: "sudoSetAlphaSigmoidSteepness",
    owner: true,
  },
  transfers_enabled: { unit: "", entry: "transferToggle", setter: "sudoSetToggleTransfer", owner: true },
  owner_cut_enabled: { unit: "", entry: "ownerCutEnabled", setter: "sudoSetOwnerCutEnabled", owner: true },
} as const satisfies Record<string, Hyperparameter>;

export type HyperparameterName = keyof typeof HYPERPARAMETERS;
export type HyperparameterValues = Record<HyperparameterName, HyperparameterValue>;

export const HYPERPARAMETER_NAMES = Object.keys(HYPERPARAMETERS) as HyperparameterName[];

export function isHyperparameter(name: string): name is HyperparameterName {
  return Object.hasOwn(HYPERPARAMETERS, name);
}

export function hyperparameter(name: HyperparameterName): Hyperparameter {
  return HYPERPARAMETERS[name];
}
