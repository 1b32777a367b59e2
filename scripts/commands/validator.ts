import type { CommandGroup } from "../options.ts";
import { validatorExplain, validatorReplay } from "./validator-inspect.ts";
import { validatorResults } from "./validator-results.ts";
import { validatorRun, validatorWorker } from "./validator-run.ts";
import { validatorCheck, validatorInit } from "./validator-setup.ts";
import { validatorWeights } from "./validator-weights.ts";

export const validatorCommands: CommandGroup = {
  group: "validator",
  describe: "Ask miners, score them and set weights",
  commands: [
    validatorInit,
    validatorCheck,
    validatorRun,
    validatorWorker,
    validatorExplain,
    validatorReplay,
    validatorResults,
    validatorWeights,
  ],
};
