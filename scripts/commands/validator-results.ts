import type { Command } from "../options.ts";
import { journalOptions } from "../validator/record-options.ts";
import { wholeNumber } from "../whole-number.ts";
import { resultsHost, validatorSettings } from "./validator-run.ts";

const options = {
  ...journalOptions,
  port: { type: "number", default: 9955, describe: "Port; 0: any free one" },
  host: { ...resultsHost, describe: "Address to listen on" },
  supervised: {
    type: "boolean",
    default: false,
    hidden: true,
    describe: "Started by a validator: it ends with it",
  },
} as const;

/** `subforge validator results` */
export const validatorResults: Command<typeof options> = {
  command: "results",
  describe:
    "Serve what a validator signed to whoever reads: values, bands, weights; from the journal, without a key",
  builder: options,
  settings: validatorSettings,
  handler: async (args) => {
    const { serveResults } = await import("../validator/serve-results.ts");
    const { onShutdown } = await import("../output.ts");
    const port = wholeNumber("validator results", "port", args.port, 0, 65_535);
    await serveResults({ ...args, port }, onShutdown());
  },
};
