import type { Command, CommandGroup } from "../options.ts";

const startOptions = {
  host: {
    type: "string",
    default: "127.0.0.1",
    describe: "Address to listen on; dev_* methods only on loopback",
  },
  port: { type: "number", default: 9944, describe: "Port of WebSocket and HTTP; 0: any free one" },
  "block-time": {
    type: "string",
    default: "250ms",
    describe: "250ms, 1s, 12s…; instant: a block per transaction; manual: when dev_newBlock is called",
  },
} as const;

/** `subforge chain start` */
const chainStart: Command<typeof startOptions> = {
  command: "start",
  describe: "Run a Subtensor-like chain in this process",
  builder: startOptions,
  handler: async (args) => {
    const { startChain } = await import("../start-chain.ts");
    const { onShutdown } = await import("../output.ts");
    await startChain(args, onShutdown());
  },
};

export const chainCommands: CommandGroup = {
  group: "chain",
  describe: "The local development chain",
  commands: [chainStart],
};
