import type { Criterion } from "../../../simulator/criterion.ts";
import { measureAuditCost, measureLateCommitment, measureRefusal } from "./audits.ts";
import { measureDisputes } from "./disputes.ts";
import { measureEconomics } from "./economics.ts";
import { measureForgery, measureScattered } from "./forged.ts";
import { measureHonest } from "./honest.ts";
import { measureLiars } from "./liars.ts";

const TRIALS = 100;

/** The table of section 6, through the subnet's own code, with a network that trains in no time. */
export const trainingProofCriteria: readonly Criterion[] = [
  ...(
    [
      [0.1, 500, 0.99],
      [0.25, 1_000, 0.999],
    ] as const
  ).map(
    ([share, trials, least]): Criterion => ({
      ...{ section: "6", row: `forged intervals, f = ${share} of n = 100, q = 44`, nightly: true },
      required: `rejected with probability >= ${least} over ${trials} trials`,
      measure: () => measureScattered(share, trials, least),
    }),
  ),
  ...(["a", "b", "c", "d", "e", "f", "g", "h"] as const).map(
    (letter): Criterion => ({
      ...{ section: "6", row: `forgery ${letter}, ${TRIALS} times`, nightly: true },
      required:
        letter === "h" ? ">= 99 rejected" : "0 accepted when an interval that it touched is looked at",
      async measure() {
        const { rejected, missed } = await measureForgery(letter, TRIALS);
        return {
          measured: `${rejected} rejected, ${missed} accepted although met`,
          pass: missed === 0 && (letter !== "h" || rejected >= 99),
        };
      },
    }),
  ),
  ...(["grid", "fp32"] as const).map(
    (mode): Criterion => ({
      ...{ section: "6", row: `false rejection of honest solvers, ${mode}`, nightly: true },
      required: mode === "grid" ? "0 of 1,000 audits across threads" : "<= 1e-3 of audits across threads",
      measure: () => measureHonest(mode),
    }),
  ),
  {
    ...{ section: "6", row: "commit first, choose later" },
    required: "what is looked at is unknown before the commitment: later ones do not count",
    measure: measureLateCommitment,
  },
  {
    ...{ section: "6", row: "refusing to open, copying another solver's root" },
    required: "treated as failed",
    measure: measureRefusal,
  },
  {
    ...{
      section: "6",
      row: "lying verifiers with 40 % of stake, accepting a forger, rejecting an honest solver",
    },
    required:
      "the forger gets nothing; the honest solver loses no more than the share of stake that rejects it, 20 %",
    measure: measureLiars,
  },
  {
    ...{ section: "6", row: "dispute: an honest solver against a forger whom no audit met" },
    required:
      "the honest one wins; <= ceil(log2 n) + ceil(log2 k) + ceil(log2 nodes) rounds; one operator is run",
    measure: measureDisputes,
  },
  {
    ...{ section: "6", row: "audit cost, q = 44, n = 1,000", required: "<= 5 % of the training" },
    measure: measureAuditCost,
  },
  {
    ...{ section: "6", row: "honest training pays better than forging: p (R + F) > f c", nightly: true },
    required: "for every f of the shipped configuration; the simulator pays forgers less per cost",
    measure: measureEconomics,
  },
];
