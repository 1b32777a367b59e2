import type { Options } from "yargs";

/** Commands that use CUDA. Resolve it with `gpuFolder`. */
export const gpuOptions = {
  "gpu-dir": {
    type: "string",
    describe: "Folder of what `subforge gpu install` installs; default: subforge/gpu in XDG_DATA_HOME",
  },
} as const satisfies Record<string, Options>;
