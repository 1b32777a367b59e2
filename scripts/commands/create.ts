import type { Command } from "../options.ts";

const options = {
  name: { type: "string", demandOption: true, describe: "Name of the folder and id of the template" },
  template: {
    type: "string",
    alias: "t",
    choices: ["hello", "inference", "forecast"],
    default: "hello",
    describe: "What it begins as: hello is the short form, the others are whole subnets",
  },
  dir: { type: "string", default: ".", describe: "Where the folder is made" },
} as const;

/** `subforge create <name>` */
export const create: Command<typeof options> = {
  command: "create <name>",
  describe: "Make a folder with a template of your own: sources, models, a test, a scenario",
  builder: options,
  handler: async (args) => {
    const { createSubnet } = await import("../creator/create-subnet.ts");
    await createSubnet(args);
  },
};
