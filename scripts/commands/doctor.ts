import { gpuOptions } from "../gpu/gpu-options.ts";
import { type Command, networkOptions, queueOptions, queueUrl, walletOptions } from "../options.ts";

const options = {
  ...networkOptions,
  ...queueOptions,
  "wallet-path": walletOptions["wallet-path"],
  ...gpuOptions,
  "axon-port": { type: "number", default: 8091, describe: "Port a miner would listen on" },
} as const;

/** `subforge doctor` */
export const doctor: Command<typeof options> = {
  command: "doctor",
  describe: "Check what this machine has and what is missing",
  builder: options,
  handler: async (args) => {
    const { diagnose } = await import("../doctor.ts");
    const { printFindings } = await import("../finding.ts");
    const { createOutput } = await import("../output.ts");
    const findings = await diagnose({
      network: args.network,
      queue: queueUrl(args),
      queuePrivateNetwork: args.queuePrivateNetwork,
      walletPath: args.walletPath,
      axonPort: args.axonPort,
      gpuDir: args.gpuDir,
    });
    printFindings(findings, createOutput(args));
  },
};
