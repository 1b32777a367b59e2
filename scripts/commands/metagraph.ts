import { type Command, networkOptions } from "../options.ts";

const options = {
  ...networkOptions,
  netuid: { type: "number", demandOption: true, describe: "Number of the subnet" },
  sort: {
    choices: ["uid", "stake", "incentive", "dividends", "emission", "update"],
    default: "uid",
    describe: "Column to sort by; all but the uid from the largest",
  },
} as const;

/** `subforge metagraph` */
export const metagraph: Command<typeof options> = {
  command: "metagraph",
  describe: "List the neurons of a subnet: stake, permit, incentive, dividends, address",
  builder: options,
  handler: async (args) => {
    const { showMetagraph } = await import("../show-metagraph.ts");
    await showMetagraph(args);
  },
};
