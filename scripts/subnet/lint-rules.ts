import type { Metagraph } from "../../shared/chain/metagraph.ts";
import type { SubnetInfo } from "../../shared/chain/operator-chain.ts";

/** One setting that hurts. An error stops the subnet or somebody's pay; a warning costs something. */
export type LintFinding = {
  code: string;
  level: "error" | "warning";
  /** The numbers it was found by. */
  value: string;
  why: string;
  next: string;
};

export type LintFacts = { info: SubnetInfo; neurons: Metagraph["neurons"] };

const U16_MAX = 65_535;
/** Cheaper than this, taking every uid of a subnet costs nothing: rao. */
const CHEAP_BURN_RAO = 1_000_000n;
/** Blocks of 12 s in which a validator can still ask, score and set. */
const SHORT_TEMPO = 25;

type Rule = (
  facts: LintFacts & { rule: (name: NumberRule) => number },
) => Omit<LintFinding, "code"> | undefined;
type NumberRule = keyof SubnetInfo["hyperparameters"];

/** What is wrong with a subnet, worst first. Pure: everything it needs is in the facts. */
export function lintSubnet(facts: LintFacts): LintFinding[] {
  const rule = (name: NumberRule) => Number(facts.info.hyperparameters[name]);
  const findings = Object.entries(RULES).flatMap(([code, check]): LintFinding[] => {
    const finding = check({ ...facts, rule });
    return finding ? [{ code, ...finding }] : [];
  });
  return [
    ...findings.filter(({ level }) => level === "error"),
    ...findings.filter(({ level }) => level !== "error"),
  ];
}

/** The code of a finding is the name of its rule. */
const RULES: Record<string, Rule> = {
  NOT_STARTED: ({ info }) =>
    info.isStarted
      ? undefined
      : {
          level: "error",
          value: `registered in block ${info.registeredAt}, startable from block ${info.startableFrom}`,
          why: "a subnet that was not started gets no emission, so nobody is paid",
          next: `subforge subnet start --netuid ${info.netuid}`,
        },
  REGISTRATION_CLOSED: ({ info }) =>
    info.isRegistrationOpen
      ? undefined
      : {
          level: "error",
          value: "registration_allowed false",
          why: "no miner or validator can join",
          next: "only the chain's administrator opens it",
        },
  EPOCHS_OFF: ({ rule }) =>
    rule("tempo") > 0
      ? undefined
      : {
          level: "error",
          value: "tempo 0",
          why: "without epochs weights are never counted and nobody is paid",
          next: "only the chain's administrator sets the tempo",
        },
  TEMPO_SHORT: ({ rule }) =>
    rule("tempo") === 0 || rule("tempo") >= SHORT_TEMPO
      ? undefined
      : {
          level: "warning",
          value: `tempo ${rule("tempo")} blocks`,
          why: "asking, scoring and setting weights has to fit into one epoch",
          next: `choose ${SHORT_TEMPO} blocks or more on a public network`,
        },
  IMMUNITY_SHORT: ({ info, rule }) => {
    const reveal = info.hyperparameters.commit_reveal_weights_enabled ? rule("commit_reveal_period") : 0;
    const needed = rule("tempo") * (reveal + 1);
    if (rule("immunity_period") > needed) return undefined;
    return {
      level: "error",
      value: `immunity_period ${rule("immunity_period")}, first pay after up to ${needed} blocks (tempo ${rule("tempo")}, reveal after ${reveal} epochs)`,
      why: "a newcomer can be pushed out before the first weights for it count",
      next: setting(info, "immunity_period", 2 * needed),
    };
  },
  WEIGHTS_TOO_RARE: ({ info, rule }) =>
    rule("tempo") === 0 || rule("weights_rate_limit") <= rule("tempo")
      ? undefined
      : {
          level: "error",
          value: `weights_rate_limit ${rule("weights_rate_limit")} > tempo ${rule("tempo")}`,
          why: "a validator cannot set weights in every epoch",
          next: `only the chain's administrator sets it; a tempo above it helps as well: subforge subnet info --netuid ${info.netuid}`,
        },
  VALIDATORS_FALL_ASLEEP: ({ rule }) => {
    const cutoff = Math.floor((rule("activity_cutoff_factor") * rule("tempo")) / 1000);
    if (rule("tempo") === 0 || cutoff > rule("weights_rate_limit")) return undefined;
    return {
      level: "error",
      value: `active for ${cutoff} blocks, weights_rate_limit ${rule("weights_rate_limit")}`,
      why: "validators stop counting before they may set weights again",
      next: "raise the activity cutoff factor above the rate limit",
    };
  },
  MIN_WEIGHTS_UNREACHABLE: ({ info, rule }) =>
    rule("min_allowed_weights") <= Math.max(info.neurons - 1, 1)
      ? undefined
      : {
          level: "error",
          value: `min_allowed_weights ${rule("min_allowed_weights")}, others to weigh: ${info.neurons - 1}`,
          why: "no validator can name so many uids, so no weights are accepted",
          next: setting(info, "min_allowed_weights", Math.max(1, info.neurons - 1)),
        },
  MAX_WEIGHT_UNREACHABLE: ({ info, rule }) => {
    const needed = Math.ceil(U16_MAX / Math.max(1, rule("max_weights_limit")));
    if (needed <= Math.max(info.neurons - 1, 1)) return undefined;
    return {
      level: "error",
      value: `max_weights_limit ${rule("max_weights_limit")} of ${U16_MAX}, others to weigh: ${info.neurons - 1}`,
      why: `shares can add up to one only over ${needed} uids or more`,
      next: "wait for more miners; only the chain's administrator raises the limit",
    };
  },
  NO_VALIDATOR: ({ info, neurons }) =>
    neurons.some(({ validatorPermit }) => validatorPermit)
      ? undefined
      : {
          level: "error",
          value: `no permit among ${info.neurons} neurons, ${neurons.filter(({ stakeRao }) => stakeRao > 0n).length} with stake`,
          why: "without a permit nobody's weights count, so no miner is paid",
          next: "stake on a validator; permits are given at each epoch",
        },
  NOBODY_WEIGHS: ({ neurons }) => {
    const voters = neurons.filter(({ validatorPermit }) => validatorPermit);
    if (voters.length === 0 || voters.some(({ active }) => active)) return undefined;
    return {
      level: "warning",
      value: `${voters.length} with a permit, none active`,
      why: "all validators stopped setting weights: pay follows old bonds",
      next: "run one: subforge validator run",
    };
  },
  EVERYBODY_VALIDATES: ({ rule }) =>
    rule("max_validators") < rule("max_uids")
      ? undefined
      : {
          level: "warning",
          value: `max_validators ${rule("max_validators")}, max_uids ${rule("max_uids")}`,
          why: "every miner with stake may vote on its own competitors",
          next: "only the chain's administrator lowers max_validators",
        },
  NOBODY_REPLACEABLE: ({ info, neurons, rule }) => {
    const immune = neurons.filter(({ registeredAt }) => info.block - registeredAt < rule("immunity_period"));
    if (neurons.length < info.maxNeurons || immune.length < neurons.length) return undefined;
    return {
      level: "warning",
      value: `${neurons.length} of ${info.maxNeurons} uids taken, all immune for ${rule("immunity_period")} blocks`,
      why: "a newcomer pushes out a neuron that had no time to earn",
      next: "wait, raise max_uids, or shorten the immunity_period",
    };
  },
  COPYING_IS_FREE: ({ info }) =>
    info.hyperparameters.commit_reveal_weights_enabled
      ? undefined
      : {
          level: "warning",
          value: "commit_reveal_weights_enabled false",
          why: "weights are public at once: a validator can copy those of others and do no work",
          next: setting(info, "commit_reveal_weights_enabled", true),
        },
  BURN_BOUNDS: ({ info }) => {
    const { min_burn: min, max_burn: max } = info.hyperparameters;
    if (BigInt(min) <= BigInt(max)) return undefined;
    return {
      level: "error",
      value: `min_burn ${min} > max_burn ${max} rao`,
      why: "the price of a registration has no place between its bounds",
      next: setting(info, "max_burn", String(min)),
    };
  },
  JOINING_IS_FREE: ({ info }) =>
    BigInt(info.hyperparameters.min_burn) >= CHEAP_BURN_RAO
      ? undefined
      : {
          level: "warning",
          value: `min_burn ${info.hyperparameters.min_burn} rao`,
          why: "one person can take every uid for next to nothing",
          next: setting(info, "min_burn", String(CHEAP_BURN_RAO)),
        },
  OLD_VALIDATORS: ({ info, rule }) =>
    rule("weights_version") > 0
      ? undefined
      : {
          level: "warning",
          value: "weights_version 0",
          why: "validators that run an outdated scorer cannot be told from others",
          next: setting(info, "weights_version", 1),
        },
  SERVING_TOO_RARE: ({ info, rule }) =>
    rule("tempo") === 0 || rule("serving_rate_limit") <= rule("tempo")
      ? undefined
      : {
          level: "warning",
          value: `serving_rate_limit ${rule("serving_rate_limit")} > tempo ${rule("tempo")}`,
          why: "a miner that moves to another address stays unreachable for more than an epoch",
          next: setting(info, "serving_rate_limit", rule("tempo")),
        },
  LIQUID_ALPHA_IDLE: ({ info }) =>
    !info.hyperparameters.liquid_alpha_enabled || info.hyperparameters.yuma3_enabled
      ? undefined
      : {
          level: "warning",
          value: "liquid_alpha_enabled true, yuma3_enabled false",
          why: "liquid alpha counts only together with Yuma 3",
          next: setting(info, "yuma3_enabled", true),
        },
};

function setting({ netuid }: SubnetInfo, name: string, value: number | string | boolean): string {
  return `subforge subnet hyperparams --netuid ${netuid} set ${name} ${value}`;
}
