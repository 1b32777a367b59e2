import { type Command, queueOptions, queueUrl, templateOptions } from "../options.ts";
import { onShutdown } from "../output.ts";

const options = {
  ...templateOptions,
  queue: queueOptions.queue,
  epochs: {
    type: "number",
    describe: "Stop after so many epochs with verified weights; default: run until Ctrl+C",
  },
  adversaries: {
    type: "string",
    describe: "Behaviours of the template to run beside honest miners, as in lazy,copycat",
  },
  tempo: { type: "number", default: 60, describe: "Blocks per epoch" },
  "block-time": { type: "number", default: 250, describe: "Milliseconds per block" },
  port: { type: "number", default: 9944, describe: "Port of the chain; 0: any free one" },
  workers: { type: "number", default: 2, describe: "Worker processes of the validator" },
  data: { type: "string", describe: "Folder to keep everything in; default: one that is deleted at the end" },
} as const;

/** `subforge dev` */
export const dev: Command<typeof options> = {
  command: "dev",
  describe: "Run the whole loop here: chain, Redis, miners and a validator",
  builder: options,
  handler: async (args) => {
    const { runDev } = await import("../dev/run-dev.ts");
    await runDev({ ...args, queue: queueUrl(args) }, { signal: onShutdown() });
  },
};
