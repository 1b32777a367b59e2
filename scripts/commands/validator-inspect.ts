import { type Command, walletOptions } from "../options.ts";
import { checkedRecords, recordOptions } from "../validator/record-options.ts";
import { runOptions, validatorSettings } from "./validator-run.ts";

const explainOptions = {
  miner: { type: "string", demandOption: true, describe: "Hotkey of the miner" },
  ...recordOptions,
  epoch: { type: "number", describe: "Epoch; default: the last one that says something about it" },
} as const;

const replayOptions = {
  epoch: { type: "number", demandOption: true, describe: "Epoch to score again" },
  ...recordOptions,
  ...walletOptions,
  template: runOptions.template,
} as const;

/** `subforge validator explain <miner>` */
export const validatorExplain: Command<typeof explainOptions> = {
  command: "explain <miner>",
  describe: "Why a miner got its score: tasks, answers, evidence, smoothing, weight; from the journal alone",
  builder: explainOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { explainScore } = await import("../validator/explain-score.ts");
    await explainScore(checkedRecords("validator explain", args));
  },
};

/** `subforge validator replay <epoch>` */
export const validatorReplay: Command<typeof replayOptions> = {
  command: "replay <epoch>",
  describe: "Score the recorded answers of an epoch with the code of now; exit code 9 when scores differ",
  builder: replayOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { replayEpoch } = await import("../validator/replay-epoch.ts");
    process.exitCode = await replayEpoch(checkedRecords("validator replay", args));
  },
};
