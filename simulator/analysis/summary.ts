import { z } from "zod";
import { SubforgeError } from "../../shared/errors.ts";

/** Changes when a field changes its meaning: what was stored under another one is not compared. */
export const SUMMARY_SCHEMA = "subforge-sim-summary/1";

/** Groups of miners and of validators that a scenario may have. */
const MAX_GROUPS = 256;

const text = z.string().max(256);
const band = z.strictObject({ mean: z.number(), low: z.number(), high: z.number() });

const minerGroup = z.strictObject({
  name: text,
  behaviour: text,
  members: z.int(),
  /** Of all incentive of a run, 0..1. */
  share: band,
  /** Earned per unit of cost, with the honest miners of the run as 1. Null: it costs nothing, or they earn nothing. */
  perCost: band.nullable(),
  /** Mean per epoch, in shares of what the subnet emits in one. */
  profit: band,
  /** For those that join later: epochs until 90 % of the reward they settle at. Null: they earn nothing, or were there. */
  newcomerEpochs: band.nullable(),
});

const validatorGroup = z.strictObject({
  name: text,
  behaviour: text,
  members: z.int(),
  /** Of all stake, 0..1. */
  stake: z.number(),
  /** Of all dividends of a run, 0..1. */
  dividends: band,
  /** Dividends per stake: 1 is what everybody would get if all did. */
  perStake: band,
  validatorTrust: band,
});

const summary = z.strictObject({
  schema: z.literal(SUMMARY_SCHEMA),
  scenario: text,
  template: text.nullable(),
  seed: text,
  engine: z.enum(["float", "fixed"]),
  epochs: z.int(),
  runs: z.int(),
  miners: z.array(minerGroup).max(MAX_GROUPS),
  validators: z.array(validatorGroup).max(MAX_GROUPS),
  /** Inequality of incentive among miners: 0 all the same, towards 1 one has all. */
  gini: band,
  /** How many equal earners would be as concentrated: 1 / sum of squared shares. */
  effectiveMiners: band,
  /** Spearman between quality and incentive of honest miners. Null: nothing to rank. */
  rankCorrelation: band.nullable(),
  /** Miners that left or were pruned, per epoch, as a share of the miners there. */
  churn: band,
});

/** Who earned what in a scenario. Bands are over its runs: mean, 5 % and 95 %. */
export type Summary = z.infer<typeof summary>;
export type MinerGroupSummary = Summary["miners"][number];
export type ValidatorGroupSummary = Summary["validators"][number];

/**
 * A stored summary, read back.
 *
 * @throws SubforgeError CONFIG_INVALID
 */
export function parseSummary(input: unknown): Summary {
  const result = summary.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
  throw new SubforgeError("CONFIG_INVALID", { what: "the stored summary", problems: problems.slice(0, 20) });
}
