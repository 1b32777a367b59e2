import { childSeed, randomFrom } from "../../../shared/rules/beacon.ts";
import { tensor } from "../../../shared/tensor.ts";
import { drawContract, MAX_INSTRUCTIONS } from "./contract-audit/contract.ts";
import { DEFECTS } from "./contract-audit/families.ts";
import { toOpcodes } from "./contract-audit/opcodes.ts";
import { clarityOf, imitatedErrors } from "./imitation.ts";
import { measureMultiLabel } from "./multi-label.ts";
import type { Preset } from "./preset.ts";

const OUTPUTS = DEFECTS.length;

/** What stands behind the last instruction of a short contract. */
export const PADDING = 256;

/** Half of the contracts are sound; a flawed one has so many defects, of twelve drawn. */
const SOUND_SHARE = 1 / 2;
const FLAWS = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3] as const;
const MEAN_FLAWS = FLAWS.reduce<number>((sum, flaws) => sum + flaws, 0) / FLAWS.length;

/** How likely each defect is before anybody looks. */
const PRIOR: readonly number[] = DEFECTS.map(() => ((1 - SOUND_SHARE) * MEAN_FLAWS) / OUTPUTS);

/** For imitated models: how far a defect must stand out of their errors for a quality of 0, 0.1, ..., 1. */
const CLARITIES = [0, 0.97, 1.36, 1.68, 1.97, 2.27, 2.58, 2.94, 3.38, 4.03, 9];

/** Which of seven defects does a contract have? A row of truth has a 1 for each defect that is in it. */
export const contractAudit: Preset = {
  name: "contract-audit",
  describe: "find planted defects in bytecode",
  inputs: [
    { name: "x", dtype: "int64", shape: [MAX_INSTRUCTIONS], below: PADDING + 1 },
    { name: "aux", dtype: "int64", shape: [1], below: MAX_INSTRUCTIONS + 1 },
  ],
  outputs: OUTPUTS,
  range: "unit",
  defaultItems: 64,
  truthWidth: OUTPUTS,

  drawTruth(seed, count) {
    const random = randomFrom(childSeed(seed, "defects"));
    const truth = new Float32Array(count * OUTPUTS);
    for (let item = 0; item < count; item++) {
      if (random.uniform() < SOUND_SHARE) continue;
      const flaws = FLAWS[random.below(FLAWS.length)]!;
      for (const defect of random.sample(OUTPUTS, flaws)) truth[item * OUTPUTS + defect] = 1;
    }
    return truth;
  },

  drawFeeds(seed, count) {
    const truth = contractAudit.drawTruth(seed, count);
    const x = new BigInt64Array(count * MAX_INSTRUCTIONS).fill(BigInt(PADDING));
    const aux = new BigInt64Array(count);
    for (let item = 0; item < count; item++) {
      const flawed = truth.subarray(item * OUTPUTS, (item + 1) * OUTPUTS);
      const opcodes = toOpcodes(drawContract(childSeed(seed, `contract ${item}`), flawed).bytecode);
      for (let i = 0; i < opcodes.length; i++) x[item * MAX_INSTRUCTIONS + i] = BigInt(opcodes[i]!);
      aux[item] = BigInt(opcodes.length);
    }
    return { x: tensor("int64", [count, MAX_INSTRUCTIONS], x), aux: tensor("int64", [count, 1], aux) };
  },

  metric: "I3 of the mean MCC of seven defects and their Brier score",
  quality: (truth, y) => (truth.length > 0 ? measureMultiLabel(truth, y, PRIOR).quality : 0),
  prior: PRIOR,
  residuals: (truth, y) => Array.from(y, (p, i) => p - truth[i]!),

  imitate(truth, seed, model) {
    const error = imitatedErrors(seed, model);
    const clarity = clarityOf(model.skill, CLARITIES);
    return Float32Array.from(truth, (isFlawed, i) => {
      const seen = clarity * isFlawed + error();
      const prior = PRIOR[i % OUTPUTS]!;
      // Bayes' rule for a signal of `clarity` where there is a defect and of 0 where there is none, in noise of 1.
      return 1 / (1 + ((1 - prior) / prior) * Math.exp(clarity * (clarity / 2 - seen)));
    });
  },
};
