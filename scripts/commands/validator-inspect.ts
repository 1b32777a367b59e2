import { type Command, walletOptions } from "../options.ts";
import { wholeNumber } from "../whole-number.ts";
import { runOptions, settingsOption, validatorSettings } from "./validator-run.ts";

/** Whose records are meant. */
const recordOptions = {
  settings: settingsOption,
  data: runOptions.data,
  netuid: { type: "number", describe: "Subnet; default: all that are recorded" },
  mechanism: { type: "number", describe: "Mechanism of the subnet; default: all that are recorded" },
} as const;

const explainOptions = {
  miner: { type: "string", demandOption: true, describe: "Hotkey of the miner" },
  ...recordOptions,
  epoch: { type: "number", describe: "Epoch; default: the last one that says something about it" },
} as const;

const replayOptions = {
  epoch: { type: "number", demandOption: true, describe: "Epoch to score again" },
  ...recordOptions,
  ...walletOptions,
} as const;

/** `subforge validator explain <miner>` */
export const validatorExplain: Command<typeof explainOptions> = {
  command: "explain <miner>",
  describe: "Why a miner got its score: tasks, answers, evidence, smoothing, weight; from the journal alone",
  builder: explainOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { explainScore } = await import("../validator/explain-score.ts");
    const { epoch } = args;
    await explainScore({
      ...args,
      ...checkedRecords("explain", args),
      epoch: epoch === undefined ? undefined : checkedEpoch("explain", epoch),
    });
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
    const checked = { ...args, ...checkedRecords("replay", args), epoch: checkedEpoch("replay", args.epoch) };
    process.exitCode = await replayEpoch(checked);
  },
};

function checkedRecords(
  command: string,
  { netuid, mechanism }: { netuid: number | undefined; mechanism: number | undefined },
): { netuid: number | undefined; mechanism: number | undefined } {
  const check = (flag: string, value: number | undefined, to: number) =>
    value === undefined ? undefined : wholeNumber(`validator ${command}`, flag, value, 0, to);
  return { netuid: check("netuid", netuid, 65_535), mechanism: check("mechanism", mechanism, 255) };
}

function checkedEpoch(command: string, epoch: number): number {
  return wholeNumber(`validator ${command}`, "epoch", epoch, 0, Number.MAX_SAFE_INTEGER);
}
