import { addressOptions } from "../address-options.ts";
import {
  type Command,
  networkOptions,
  passwordOptions,
  queueOptions,
  templateOptions,
  traceOptions,
  walletOptions,
} from "../options.ts";
import type { SettingsFile } from "../settings-file.ts";
import { wholeNumber } from "../whole-number.ts";

const SETTINGS_PATH = "subforge.validator.json";

export const settingsOption = {
  type: "string",
  describe: `File of settings, named as flags; default: ${SETTINGS_PATH}, where there is one`,
} as const;

/** The consumer endpoint has nothing to hide, and who opens it to others puts something in front of it. */
export const resultsHost = { type: "string", default: "127.0.0.1" } as const;

/** For those who watch a validator or one of its workers. */
const watchOptions = {
  "metrics-port": {
    type: "number",
    describe: "Port of Prometheus metrics and health pages on 127.0.0.1; 0: any free one; default: none",
  },
  "max-stall": {
    type: "number",
    default: 180,
    describe: "Seconds without progress after which the process ends, to be started again; 0: never",
  },
} as const;

export const runOptions = {
  settings: settingsOption,
  ...networkOptions,
  ...walletOptions,
  ...queueOptions,
  ...traceOptions,
  ...templateOptions,
  netuid: { type: "number", describe: "Subnet to validate" },
  subnet: {
    type: "string",
    array: true,
    describe:
      "Instead of --netuid, once for each of several: NETUID[/MECHANISM][:TEMPLATE[:CONFIG]], as in 2 7/1 9:hello; what is left out is that of --template and --config",
  },
  workers: {
    type: "number",
    default: 2,
    describe: "Worker processes to run here; 0: they are started elsewhere",
  },
  "targets-per-job": { type: "number", default: 32, describe: "Miners that one job asks" },
  sample: {
    type: "string",
    default: "all",
    describe: "Miners to ask in an epoch: all, a number, or a share of them below 1",
  },
  "sample-policy": {
    choices: ["stale-first", "random"],
    default: "stale-first",
    describe: "Who is asked first: who was not asked for longest, or whoever the epoch's secret picks",
  },
  shadow: {
    type: "boolean",
    default: false,
    describe: "Do everything but sign and send weights, and say what would be set",
  },
  "doppelganger-epochs": {
    type: "number",
    describe:
      "Epochs to look for another machine with this hotkey before the first signature; default: 1, on a local development chain 0",
  },
  "burn-share": {
    type: "number",
    default: 0,
    describe: "Share of all weight, 0 to 1, for the subnet owner's uid, where the chain burns it",
  },
  data: {
    type: "string",
    default: ".subforge/validator",
    describe: "Folder of the journal and of the private Redis",
  },
  protocol: {
    choices: ["btauth/1", "v10"],
    default: "btauth/1",
    describe: "How miners are asked; v10 for Python miners of SDK 7 to 10, whose answers are not signed",
  },
  "allow-private": {
    type: "boolean",
    describe: "Call miners at private addresses; default: when the chain is a local development chain",
  },
  ...addressOptions,
  ...watchOptions,
  "truth-feed": {
    type: "string",
    array: true,
    describe: "Where a signed feed lies that the template takes truths from: NAME=PATH or NAME=https://…",
  },
  "oracle-key": {
    type: "string",
    describe: "File with a secp256k1 key, 0x and 64 hex digits, that signs results besides, for contracts",
  },
  "results-port": {
    type: "number",
    describe:
      "Serve results to consumers at this port, in a process of its own; 0: any free one; default: not at all",
  },
  "results-host": { ...resultsHost, describe: "Address to serve them on" },
} as const;

/** One file for all commands of a validator: what `run` has as flags. */
export const validatorSettings: SettingsFile = {
  defaultPath: SETTINGS_PATH,
  flag: "settings",
  options: runOptions,
  paths: ["data", "walletPath", "passwordFile", "oracleKey", "truthFeed"],
  json: ["config"],
};

/** `subforge validator run` */
export const validatorRun: Command<typeof runOptions> = {
  command: "run",
  describe: "Ask the miners of a subnet, score them and set weights, epoch by epoch",
  builder: runOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { assertOpenable } = await import("../assert-openable.ts");
    const { assignmentsOf } = await import("../validator/assignments.ts");
    const { truthFeedsOf } = await import("../validator/truth-feeds.ts");
    const { burnShareOf, samplingOf } = await import("../validator/sampling-flags.ts");
    await assertOpenable(args); // before anything heavy is loaded
    const { runValidator } = await import("../run-validator.ts"); // late: --help must not load a chain client
    const { onShutdown } = await import("../output.ts");
    await runValidator(
      {
        ...args,
        subnets: assignmentsOf(args, "validator run"),
        sampling: samplingOf(args, "validator run"),
        burnShare: burnShareOf(args, "validator run"),
        doppelgangerEpochs: wholeNumber(
          "validator run",
          "doppelganger-epochs",
          args.doppelgangerEpochs,
          0,
          64,
        ),
        workers: wholeNumber("validator run", "workers", args.workers, 0, 256),
        resultsPort: wholeNumber("validator run", "results-port", args.resultsPort, 0, 65_535),
        truthFeeds: truthFeedsOf(args.truthFeed, "validator run"),
        targetsPerJob: wholeNumber("validator run", "targets-per-job", args.targetsPerJob, 1, 32),
        ...watchNumbers("validator run", args),
      },
      onShutdown(),
    );
  },
};

/** Without defaults: a worker that is told nothing takes the development key of the validator it finds. */
const workerOptions = {
  wallet: { type: "string", describe: "Name of the validator's wallet" },
  hotkey: { type: "string", describe: "Name of the hotkey inside the wallet" },
  "wallet-path": { type: "string", describe: "Folder of the wallets, shared with btcli" },
  ...passwordOptions,
  "allow-unsafe-keyfile": walletOptions["allow-unsafe-keyfile"],
  "dev-key": walletOptions["dev-key"],
  ...queueOptions,
  ...traceOptions,
  netuid: { type: "number", describe: "Work for this subnet alone; default: all of the validator" },
  template: {
    type: "string",
    describe: "Work for this template alone, or with the one in this folder; default: all of the validator",
  },
  concurrency: { type: "number", default: 8, describe: "Jobs in hand at once" },
  ...addressOptions,
  ...watchOptions,
  "template-file": {
    type: "string",
    array: true,
    hidden: true,
    describe: "Started by a validator: a template that it compiled",
  },
  supervised: {
    type: "boolean",
    default: false,
    hidden: true,
    describe: "Started by a validator: it sends the queue, and the worker ends with it",
  },
} as const;

/** `subforge validator worker` */
export const validatorWorker: Command<typeof workerOptions> = {
  command: "worker",
  describe: "Ask miners for a validator that runs elsewhere: any number of workers share a queue",
  builder: workerOptions,
  handler: async (args) => {
    const { runWorker } = await import("../run-worker.ts");
    const { onShutdown } = await import("../output.ts");
    await runWorker(
      {
        ...args,
        concurrency: wholeNumber("validator worker", "concurrency", args.concurrency, 1, 128),
        ...watchNumbers("validator worker", args),
      },
      onShutdown(),
    );
  },
};

function watchNumbers(command: string, args: { metricsPort: number | undefined; maxStall: number }) {
  return {
    metricsPort: wholeNumber(command, "metrics-port", args.metricsPort, 0, 65_535),
    maxStallS: wholeNumber(command, "max-stall", args.maxStall, 0, 86_400),
  };
}
