import { type Command, type CommandGroup, networkOptions, queueOptions, walletOptions } from "../options.ts";
import { checkedRecords, journalOptions, recordOptions } from "../validator/record-options.ts";
import { wholeNumber } from "../whole-number.ts";
import { runOptions, validatorSettings } from "./validator-run.ts";

const onChainOptions = { ...recordOptions, ...networkOptions } as const;

const planOptions = {
  ...onChainOptions,
  "burn-share": runOptions["burn-share"],
  template: runOptions.template,
} as const;

const setOptions = {
  ...planOptions,
  ...walletOptions,
  ...queueOptions,
  "dry-run": { type: "boolean", default: false, describe: "Print the plan and sign nothing" },
} as const;

const exportOptions = {
  file: { type: "string", demandOption: true, describe: "File to write" },
  ...journalOptions,
  force: { type: "boolean", default: false, describe: "Write over a file that is there" },
} as const;

const importOptions = {
  file: { type: "string", demandOption: true, describe: "File that an export wrote" },
  ...journalOptions,
  "dry-run": { type: "boolean", default: false, describe: "Print the plan and write nothing" },
} as const;

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
    await showWeightStatus(checkedRecords("validator weights status", args));
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
    process.exitCode = await diffWeights(checkedRecords("validator weights diff", args));
  },
};

/** `subforge validator weights plan` */
const weightsPlan: Command<typeof planOptions> = {
  command: "plan",
  describe: "What would be set now: uids, hotkeys, shares and u16, from the newest scores in the journal",
  builder: planOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { burnShareOf } = await import("../validator/sampling-flags.ts");
    const { showPlan } = await import("../validator/propose-weights.ts");
    const words = "validator weights plan";
    await showPlan({ ...checkedRecords(words, args), burnShare: burnShareOf(args, words) });
  },
};

/** `subforge validator weights set` */
const weightsSet: Command<typeof setOptions> = {
  command: "set",
  describe: "Set them by hand, while no validator runs: plan, yes, sign, block, read back",
  builder: setOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { burnShareOf } = await import("../validator/sampling-flags.ts");
    const { setWeightsByHand } = await import("../validator/set-weights.ts");
    const { onShutdown } = await import("../output.ts");
    const words = "validator weights set";
    const checked = { ...checkedRecords(words, args), burnShare: burnShareOf(args, words) };
    await setWeightsByHand(checked, onShutdown());
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
    const words = "validator weights receipts";
    wholeNumber(words, "count", args.count, 1, 10_000);
    await showReceipts(checkedRecords(words, args));
  },
};

/** `subforge validator weights export <file>` */
const weightsExport: Command<typeof exportOptions> = {
  command: "export <file>",
  describe: "Write what another machine needs to go on as this validator; also beside a running one",
  builder: exportOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { writeInterchange } = await import("../validator/move-journal.ts");
    await writeInterchange(args);
  },
};

/** `subforge validator weights import <file>` */
const weightsImport: Command<typeof importOptions> = {
  command: "import <file>",
  describe: "Take over what another machine wrote: plan, yes, all of it or nothing",
  builder: importOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { readInterchange } = await import("../validator/move-journal.ts");
    await readInterchange(args);
  },
};

export const validatorWeights: CommandGroup = {
  group: "weights",
  describe: "What was decided, signed and shown on chain, epoch by epoch",
  commands: [
    weightsStatus,
    weightsPlan,
    weightsDiff,
    weightsSet,
    weightsReceipts,
    weightsExport,
    weightsImport,
  ],
};
