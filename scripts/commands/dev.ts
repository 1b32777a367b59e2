import {
  type Command,
  globalOptions,
  queueOptions,
  queueUrl,
  templateConfig,
  templateOptions,
} from "../options.ts";
import { onShutdown } from "../output.ts";
import { templateHere } from "../template-folder/template-path.ts";
import { wholeNumber } from "../whole-number.ts";

const options = {
  // A line per event is for reading; what every process logs besides is for looking into trouble.
  "log-level": { ...globalOptions["log-level"], default: "warn" },
  ...templateOptions,
  template: {
    ...templateOptions.template,
    default: undefined,
    describe: `${templateOptions.template.describe}; default: that of this folder, else inference`,
  },
  queue: queueOptions.queue,
  epochs: {
    type: "number",
    describe: "Stop after so many epochs with verified weights; default: run until Ctrl+C",
  },
  adversaries: {
    type: "string",
    describe: "Behaviours of the template to run beside honest miners, as in random,replay",
  },
  tempo: {
    type: "number",
    describe: "Blocks per epoch; default: 72, and 240 where a validator runs graphs of the template",
  },
  "block-time": { type: "number", default: 250, describe: "Milliseconds per block" },
  "commit-reveal": {
    type: "boolean",
    default: false,
    describe: "Commit weights behind a timelock, as new subnets demand; they are seen an epoch later",
  },
  port: { type: "number", default: 9944, describe: "Port of the chain; 0: any free one" },
  workers: { type: "number", default: 2, describe: "Worker processes of the validator" },
  "results-port": {
    type: "number",
    default: 0,
    describe: "Port at which consumers read results, where the template publishes some; 0: any free one",
  },
  data: { type: "string", describe: "Folder to keep everything in; default: one that is deleted at the end" },
} as const;

/** `subforge dev` */
export const dev: Command<typeof options> = {
  command: "dev",
  describe: "Run the whole loop here: chain, Redis, miners and a validator",
  builder: options,
  handler: async (args) => {
    const { runDev } = await import("../dev/run-dev.ts");
    const { epochs } = args;
    await runDev(
      {
        ...args,
        template: args.template ?? templateHere("inference"),
        config: templateConfig(args),
        queue: queueUrl(args),
        epochs: epochs === undefined ? undefined : whole("epochs", epochs, 1, 1_000_000),
        tempo: args.tempo === undefined ? undefined : whole("tempo", args.tempo, 20, 65_535),
        blockTime: whole("block-time", args.blockTime, 50, 60_000),
        port: whole("port", args.port, 0, 65_535),
        resultsPort: whole("results-port", args.resultsPort, 0, 65_535),
        workers: whole("workers", args.workers, 1, 64),
      },
      { signal: onShutdown() },
    );
  },
};

function whole(flag: string, value: number, from: number, to: number): number {
  return wholeNumber("dev", flag, value, from, to);
}
