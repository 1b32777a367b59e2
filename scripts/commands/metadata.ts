import { type Command, type CommandGroup, networkOptions } from "../options.ts";

const pullOptions = {
  ...networkOptions,
  out: { type: "string", demandOption: true, describe: "File to write" },
} as const;

const checkOptions = {
  file: { type: "string", describe: "File of metadata; left out: that of --network" },
  ...networkOptions,
} as const;

/** `subforge metadata pull` */
const metadataPull: Command<typeof pullOptions> = {
  command: "pull",
  describe: "Save the metadata of a live chain, in the newest form it has",
  builder: pullOptions,
  handler: async (args) => {
    const { pullMetadata } = await import("../check-metadata.ts");
    const { onShutdown } = await import("../output.ts");
    await pullMetadata(args, onShutdown());
  },
};

/** `subforge metadata check` */
const metadataCheck: Command<typeof checkOptions> = {
  command: "check [file]",
  describe:
    "Compare what we sign and read with a runtime: a chain's, or a file's; ends with 9 where it differs",
  builder: checkOptions,
  handler: async (args) => {
    const { checkMetadata } = await import("../check-metadata.ts");
    const { onShutdown } = await import("../output.ts");
    await checkMetadata(args, onShutdown());
  },
};

export const metadataCommands: CommandGroup = {
  group: "metadata",
  describe: "What a runtime declares, and whether we can use it",
  commands: [metadataPull, metadataCheck],
};
