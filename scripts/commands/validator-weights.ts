import { type Command, type CommandGroup, networkOptions } from "../options.ts";
import { wholeNumber } from "../whole-number.ts";
import { runOptions, settingsOption, validatorSettings } from "./validator-run.ts";

/** Whose records are meant. */
const recordOptions = {
  settings: settingsOption,
  data: runOptions.data,
  netuid: { type: "number", describe: "Subnet; default: all that are recorded" },
  mechanism: { type: "number", describe: "Mechanism of the subnet; default: all that are recorded" },
} as const;

const onChainOptions = { ...recordOptions, ...networkOptions } as const;

const receiptsOptions = {
  ...recordOptions,
  epoch: { type: "number", describe: "Every step of this epoch" },
  count: { type: "number", default: 20, describe: "How many epochs are listed, newest first" },
} as const;

/** `subforge validator weights status` */
const weightsStatus: Command<typeof onChainOptions> = {
  command: "status",
  describe: "The last vector, how far it got, and when the chain takes the next one",
  builder: onChainOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { showWeightStatus } = await import("../validator/weight-status.ts");
    await showWeightStatus({ ...args, ...checkedRecords("status", args) });
  },
};

/** `subforge validator weights diff` */
const weightsDiff: Command<typeof onChainOptions> = {
  command: "diff",
  describe: "What the journal says was set, against what the chain holds; exit code 9 when they differ",
  builder: onChainOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { diffWeights } = await import("../validator/weight-diff.ts");
    process.exitCode = await diffWeights({ ...args, ...checkedRecords("diff", args) });
  },
};

/** `subforge validator weights receipts` */
const weightsReceipts: Command<typeof receiptsOptions> = {
  command: "receipts",
  describe: "One row per epoch: what became of its weights; --epoch: every step of one",
  builder: receiptsOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { showReceipts } = await import("../validator/weight-receipts.ts");
    const count = whole("receipts", "count", args.count, 1, 10_000);
    const epoch = optional("receipts", "epoch", args.epoch, 0, Number.MAX_SAFE_INTEGER);
    await showReceipts({ ...args, ...checkedRecords("receipts", args), count, epoch });
  },
};

export const validatorWeights: CommandGroup = {
  group: "weights",
  describe: "What was decided, signed and shown on chain, epoch by epoch",
  commands: [weightsStatus, weightsDiff, weightsReceipts],
};

function checkedRecords(
  command: string,
  args: { netuid: number | undefined; mechanism: number | undefined },
): { netuid: number | undefined; mechanism: number | undefined } {
  return {
    netuid: optional(command, "netuid", args.netuid, 0, 65_535),
    mechanism: optional(command, "mechanism", args.mechanism, 0, 255),
  };
}

function optional(command: string, flag: string, value: number | undefined, from: number, to: number) {
  return value === undefined ? undefined : whole(command, flag, value, from, to);
}

function whole(command: string, flag: string, value: number, from: number, to: number): number {
  return wholeNumber(`validator weights ${command}`, flag, value, from, to);
}
