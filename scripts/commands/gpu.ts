import { gpuOptions } from "../gpu/gpu-options.ts";
import type { Command, CommandGroup } from "../options.ts";

/** `subforge gpu check` */
const gpuCheck: Command<typeof gpuOptions> = {
  command: "check",
  describe:
    "Check driver, cards, CUDA's libraries and the runtime's provider; ends with 8 when one is missing",
  builder: gpuOptions,
  handler: async (args) => {
    const { checkGpu } = await import("../gpu/check-gpu.ts");
    const { gpuFolder } = await import("../gpu/gpu-folder.ts");
    const { onShutdown } = await import("../output.ts");
    await checkGpu({ folder: gpuFolder(args), json: args.json }, onShutdown());
  },
};

const installOptions = {
  ...gpuOptions,
  "from-file": {
    type: "string",
    array: true,
    default: [] as string[],
    describe: "Archives fetched elsewhere; nothing is fetched then",
  },
  "dry-run": { type: "boolean", default: false, describe: "Print what would be fetched, and do nothing" },
  "allow-no-driver": {
    type: "boolean",
    default: false,
    describe: "Install although no card can be tried here, as for a container image",
  },
} as const;

/** `subforge gpu install` */
const gpuInstall: Command<typeof installOptions> = {
  command: "install",
  describe: "Install the runtime's CUDA provider, and what the system lacks of CUDA; checksums are pinned",
  builder: installOptions,
  handler: async (args) => {
    const { installGpu } = await import("../gpu/install-gpu.ts");
    const { gpuFolder } = await import("../gpu/gpu-folder.ts");
    const { onShutdown } = await import("../output.ts");
    await installGpu({ ...args, folder: gpuFolder(args) }, onShutdown());
  },
};

export const gpuCommands: CommandGroup = {
  group: "gpu",
  describe: "CUDA for the miner: what is there, what is missing, installing it",
  commands: [gpuCheck, gpuInstall],
};
