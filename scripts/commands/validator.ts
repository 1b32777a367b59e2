import type { CommandGroup } from "../options.ts";
import { validatorRun, validatorWorker } from "./validator-run.ts";

export const validatorCommands: CommandGroup = {
  group: "validator",
  describe: "Ask miners, score them and set weights",
  commands: [validatorRun, validatorWorker],
};
