import type { Criterion } from "../../../simulator/criterion.ts";
import { replayChainEpoch } from "../../../subnets/forecast/maths/replay-chain-epoch.ts";
import chainEpoch from "./chain-epoch.json" with { type: "json" };

const LIMIT = 1e-9;

/** An epoch that allora-chain's own tests are made of, computed here. */
export const chainAgreement: Criterion = {
  section: "5",
  row: "agreement with the chain",
  required: "every number of an epoch within 1e-9, relative",
  async measure() {
    const expected = numbersIn(chainEpoch.expected);
    const found = numbersIn(replayChainEpoch(chainEpoch.input));
    const errors = [...expected].map(
      ([path, value]) => Math.abs((found.get(path) ?? Number.NaN) - value) / Math.max(Math.abs(value), LIMIT),
    );
    const largest = Math.max(...errors);
    return {
      measured: `${expected.size} numbers, largest difference ${largest.toExponential(1)}`,
      pass: largest <= LIMIT,
    };
  },
};

/** Numbers by their paths. */
function numbersIn(value: unknown, path = ""): Map<string, number> {
  if (typeof value === "number") return new Map([[path, value]]);
  const entries = Object.entries(value as object);
  return new Map(entries.flatMap(([key, each]) => [...numbersIn(each, `${path}/${key}`)]));
}
