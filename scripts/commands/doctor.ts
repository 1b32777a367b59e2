import { EXIT } from "../../shared/errors.ts";
import { type Command, networkOptions, queueOptions, queueUrl, walletOptions } from "../options.ts";

const options = {
  ...networkOptions,
  ...queueOptions,
  "wallet-path": walletOptions["wallet-path"],
  "axon-port": { type: "number", default: 8091, describe: "Port a miner would listen on" },
} as const;

/** `subforge doctor` */
export const doctor: Command<typeof options> = {
  command: "doctor",
  describe: "Check what this machine has and what is missing",
  builder: options,
  handler: async (args) => {
    const { diagnose } = await import("../doctor.ts");
    const { createOutput, table } = await import("../output.ts");
    const findings = await diagnose({
      network: args.network,
      queue: queueUrl(args),
      queuePrivateNetwork: args.queuePrivateNetwork,
      walletPath: args.walletPath,
      axonPort: args.axonPort,
    });
    const rows = findings.map(({ what, state, fact, next }) => [
      what,
      state,
      next ? `${fact}; ${next}` : fact,
    ]);
    const missing = findings.filter(({ state }) => state === "missing").map(({ what }) => what);
    const verdict = missing.length === 0 ? "ready" : `not ready: ${missing.join(", ")}`;
    createOutput(args).result({ ready: missing.length === 0, findings }, [
      ...table([["what", "state", "found"], ...rows]),
      verdict,
    ]);
    if (missing.length > 0) process.exitCode = EXIT.notReady;
  },
};
