import { z } from "zod";
import { SubforgeError } from "../shared/errors.ts";
import { findParamFlaws } from "./validator-params.ts";

/** Beyond these a scenario is a mistake, or belongs on more than one machine. */
const MAX_EPOCHS = 100_000;
const MAX_RUNS = 1_000;
const MAX_NEURONS = 4_096;
const MAX_COUNT_OF_GROUPS = 64;
/** Cells of the records: epochs x neurons x runs, 80 bytes each. */
const MAX_CELLS = 20_000_000;

/** Who takes part, for how long, under which rules of the chain. Plain data: the same scenario gives the same bytes. */
export type Scenario = {
  name: string;
  /** Id of the template. Undefined: abstract, a raw score is skill + noise. */
  template: string | undefined;
  /** The template's configuration, as it would stand in a file. */
  config: unknown;
  epochs: number;
  /** Monte Carlo: independent runs with seeds of their own. */
  runs: number;
  seed: string;
  /** fixed: the chain's own arithmetic, exact. float: doubles, equal to about 1e-3, and faster. */
  engine: "float" | "fixed";
  miners: MinerGroup[];
  validators: ValidatorGroup[];
  chain: ChainParams;
  /**
   * Independent scoring runs per epoch. Honest validators share them round robin. Each validator draws its own
   * questions in production; here a view costs as much as a validator does.
   */
  views: number;
};

export type MinerGroup = {
  name: string;
  count: number;
  /** "honest", or the name of one of the template's agents. */
  behaviour: string;
  /** Of the model, 0..1; graded evenly over the members where it is a range. */
  skill: number | { from: number; to: number };
  /** What the skill gains in an epoch, may be negative. */
  drift?: number | undefined;
  latencyMs?: number | undefined;
  /** `of`: the very model (seed and skill) of the best member of that group. Default: one's own. */
  model?: "own" | { of: string } | undefined;
  /**
   * Dials of the agent. Honest miners: `volatility`, standard deviation of a random step that the skill takes in each
   * epoch, default 0; in abstract scenarios also `noise` of an epoch's raw score, default 0.
   */
  params?: Record<string, number> | undefined;
  /** First epoch, default 0. */
  joinEpoch?: number | undefined;
  /** First epoch in which it is gone. */
  leaveEpoch?: number | undefined;
  /** Cost of one honest epoch = 1. Default: what the agent's own `cost` says, 1 for honest. */
  costPerEpoch?: number | undefined;
};

export const VALIDATOR_BEHAVIOURS = [
  "honest",
  "copier",
  "colluder",
  "lazy",
  "censor",
  "random",
  "bribed",
] as const;
export type ValidatorBehaviour = (typeof VALIDATOR_BEHAVIOURS)[number];

export type ValidatorGroup = {
  name: string;
  count: number;
  /** Share of all stake that the group holds, its members equally. Shares of all groups are scaled to sum to 1. */
  stake: number;
  behaviour: ValidatorBehaviour;
  /** Dials, see `VALIDATOR_PARAMS`. */
  params?: Record<string, number | string> | undefined;
};

/** Rules of the chain. Shares are 0..1, periods are blocks unless the name says epochs. */
export type ChainParams = {
  tempo: number;
  kappa: number;
  /** What remains of a bond in an epoch. */
  bondsMovingAverage: number;
  /** How far the weights that buy bonds are clipped: 1 is fully. */
  bondsPenalty: number;
  yuma3: boolean;
  /** Counts only together with `yuma3`. */
  liquidAlpha: boolean;
  alphaLow: number;
  alphaHigh: number;
  /** Slope of the curve between them. */
  alphaSteepness: number;
  commitReveal: boolean;
  revealPeriodEpochs: number;
  immunityPeriod: number;
  activityCutoff: number;
  maxUids: number;
  /** In units of the cost of one honest epoch. Paid by whoever joins after the first epoch. */
  registrationCost: number;
  /** Share of the emission that goes to the owner. The rest goes to miners and validators, half each. */
  ownerCut: number;
};

/** What a new subnet has. */
export const CHAIN_DEFAULTS: ChainParams = {
  tempo: 360,
  kappa: 0.5,
  bondsMovingAverage: 0.9,
  bondsPenalty: 1,
  yuma3: true,
  liquidAlpha: false,
  alphaLow: 0.7,
  alphaHigh: 0.9,
  alphaSteepness: 10,
  commitReveal: true,
  revealPeriodEpochs: 1,
  immunityPeriod: 5_000,
  activityCutoff: 5_000,
  maxUids: 256,
  registrationCost: 1,
  ownerCut: 0.18,
};

const share = z.number().min(0).max(1);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 _().-]{0,63}$/, {
  error: "use letters, digits, spaces, dots, brackets and hyphens, at most 64",
});
const epoch = z.int().min(0).max(MAX_EPOCHS);
const blocks = z.int().min(1).max(10_000_000);

const chainSchema = z.strictObject({
  tempo: z.int().min(1).max(50_400).default(CHAIN_DEFAULTS.tempo),
  kappa: share.default(CHAIN_DEFAULTS.kappa),
  bondsMovingAverage: share.default(CHAIN_DEFAULTS.bondsMovingAverage),
  bondsPenalty: share.default(CHAIN_DEFAULTS.bondsPenalty),
  yuma3: z.boolean().default(CHAIN_DEFAULTS.yuma3),
  liquidAlpha: z.boolean().default(CHAIN_DEFAULTS.liquidAlpha),
  alphaLow: share.default(CHAIN_DEFAULTS.alphaLow),
  alphaHigh: share.default(CHAIN_DEFAULTS.alphaHigh),
  alphaSteepness: z.number().min(-300).max(300).default(CHAIN_DEFAULTS.alphaSteepness),
  commitReveal: z.boolean().default(CHAIN_DEFAULTS.commitReveal),
  revealPeriodEpochs: z.int().min(1).max(100).default(CHAIN_DEFAULTS.revealPeriodEpochs),
  immunityPeriod: z.int().min(0).max(10_000_000).default(CHAIN_DEFAULTS.immunityPeriod),
  activityCutoff: blocks.default(CHAIN_DEFAULTS.activityCutoff),
  maxUids: z.int().min(1).max(MAX_NEURONS).default(CHAIN_DEFAULTS.maxUids),
  registrationCost: z.number().min(0).max(1e6).default(CHAIN_DEFAULTS.registrationCost),
  ownerCut: share.default(CHAIN_DEFAULTS.ownerCut),
});

const minerSchema = z.strictObject({
  name,
  count: z.int().min(1).max(MAX_NEURONS),
  behaviour: z.string().min(1).max(64).default("honest"),
  skill: z.union([share, z.strictObject({ from: share, to: share })]).default(0.8),
  drift: z.number().min(-1).max(1).optional(),
  latencyMs: z.number().min(0).max(3_600_000).optional(),
  model: z.union([z.literal("own"), z.strictObject({ of: name })]).optional(),
  params: z.record(z.string().max(64), z.number()).optional(),
  joinEpoch: epoch.optional(),
  leaveEpoch: epoch.optional(),
  costPerEpoch: z.number().min(0).max(1e6).optional(),
});

const validatorSchema = z.strictObject({
  name,
  count: z.int().min(1).max(MAX_NEURONS),
  stake: z.number().gt(0).max(1e12),
  behaviour: z.enum(VALIDATOR_BEHAVIOURS).default("honest"),
  params: z.record(z.string().max(64), z.union([z.number(), z.string().max(256)])).optional(),
});

const scenarioSchema = z
  .strictObject({
    name: name.default("scenario"),
    template: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/, { error: "a template's id has small letters, digits and hyphens" })
      .optional(),
    config: z.unknown().optional(),
    epochs: z.int().min(1).max(MAX_EPOCHS).default(20),
    runs: z.int().min(1).max(MAX_RUNS).default(1),
    seed: z.string().min(1).max(128).default("1"),
    engine: z.enum(["float", "fixed"]).default("float"),
    miners: z.array(minerSchema).min(1).max(MAX_COUNT_OF_GROUPS),
    validators: z.array(validatorSchema).min(1).max(MAX_COUNT_OF_GROUPS),
    chain: chainSchema.default(CHAIN_DEFAULTS),
    views: z.int().min(1).max(256).default(1),
  })
  .superRefine(checkGroups);

/**
 * A scenario with every default filled in.
 *
 * @throws SubforgeError CONFIG_INVALID, with one problem for each field
 */
export function parseScenario(input: unknown): Scenario {
  const result = scenarioSchema.safeParse(input);
  if (result.success) return { ...result.data, template: result.data.template, config: result.data.config };
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message,
  );
  throw new SubforgeError("CONFIG_INVALID", { what: "the scenario", problems });
}

type Parsed = { miners: MinerGroup[]; validators: ValidatorGroup[] } & Pick<
  Scenario,
  "epochs" | "runs" | "chain"
>;

/** What holds between fields. */
function checkGroups(scenario: Parsed, context: z.RefinementCtx<Parsed>): void {
  const { miners, validators, epochs, runs, chain } = scenario;
  const problem = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });

  const groups = [...miners, ...validators].map((group) => group.name);
  const twice = groups.find((group, i) => groups.indexOf(group) !== i);
  if (twice !== undefined) problem([], `two groups are named ${twice}`);

  const neurons = [...miners, ...validators].reduce((sum, { count }) => sum + count, 0);
  if (neurons * epochs * runs > MAX_CELLS) {
    problem([], `${neurons} neurons x ${epochs} epochs x ${runs} runs are more than ${MAX_CELLS} cells`);
  }
  const voters = validators.reduce((sum, { count }) => sum + count, 0);
  if (voters >= chain.maxUids) problem(["chain", "maxUids"], `${voters} validators leave no uid for miners`);
  if (chain.alphaLow > chain.alphaHigh) problem(["chain", "alphaLow"], "is above alphaHigh");

  validators.forEach((group, i) => {
    const names = miners.map((miner) => miner.name);
    for (const flaw of findParamFlaws(group, names)) problem(["validators", i, "params"], flaw);
  });
  miners.forEach((group, i) => {
    const { joinEpoch = 0, leaveEpoch, model } = group;
    if (joinEpoch >= epochs) problem(["miners", i, "joinEpoch"], `there are only ${epochs} epochs`);
    if (leaveEpoch !== undefined && leaveEpoch <= joinEpoch) {
      problem(["miners", i, "leaveEpoch"], `is not after joinEpoch ${joinEpoch}`);
    }
    if (typeof model !== "object") return;
    const owner = miners.find((other) => other.name === model.of);
    if (owner === undefined) problem(["miners", i, "model", "of"], `there is no group ${model.of}`);
    else if (typeof owner.model === "object") {
      problem(["miners", i, "model", "of"], `${model.of} has no model of its own either`);
    }
  });
}
