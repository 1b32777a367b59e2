import { isIP } from "node:net";
import { SubforgeError } from "../../shared/errors.ts";
import {
  type Command,
  type CommandGroup,
  networkOptions,
  templateOptions,
  walletOptions,
} from "../options.ts";
import { wholeNumber } from "../whole-number.ts";

const RAO_PER_TAO = 1e9;
/** All there will ever be. */
const MAX_TAO = 21_000_000;

const options = {
  ...networkOptions,
  ...walletOptions,
  netuid: { type: "number", demandOption: true, describe: "Subnet to serve" },
  template: templateOptions.template,
  model: { type: "string", demandOption: true, describe: "Path of the ONNX file" },
  device: { choices: ["cpu", "cuda", "auto"], default: "cpu", describe: "Where to run it" },
  host: { type: "string", default: "127.0.0.1", describe: "Address to listen on; 0.0.0.0: all of them" },
  port: { type: "number", default: 8091, describe: "Port to listen on; 0: any free one" },
  announce: {
    type: "string",
    describe: "Address to publish on chain for validators, as in 203.0.113.7 or 203.0.113.7:8091",
  },
  "require-permit": {
    type: "boolean",
    default: true,
    describe: "Answer only hotkeys with a validator permit",
  },
  "min-stake": {
    type: "number",
    default: 0,
    describe: "Answer only hotkeys with this stake on the subnet, in TAO",
  },
  processes: { type: "number", default: 1, describe: "Inference processes, each with the model in memory" },
  threads: { type: "number", default: 1, describe: "CPU threads of one inference process" },
  "max-batch-rows": {
    type: "number",
    default: 64,
    describe: "Rows of concurrent requests that may run together",
  },
  "max-wait-ms": { type: "number", default: 0, describe: "How long a request may wait for company" },
} as const;

/** `subforge miner serve` */
const minerServe: Command<typeof options> = {
  command: "serve",
  describe: "Serve a model to the validators of one subnet",
  builder: options,
  handler: async (args) => {
    const { assertOpenable } = await import("../assert-openable.ts");
    await assertOpenable(args); // before anything heavy is loaded
    const { serveMiner } = await import("../serve-miner.ts"); // late: --help must not load the runtime
    const { onShutdown } = await import("../output.ts");
    await serveMiner(
      {
        ...args,
        announce: parseAnnouncement(args.announce, args.port),
        minStakeRao: toRao(args.minStake),
        netuid: whole("netuid", args.netuid, 0, 65_535),
        port: whole("port", args.port, 0, 65_535),
        processes: whole("processes", args.processes, 1, 64),
        threads: whole("threads", args.threads, 1, 256),
        maxBatchRows: whole("max-batch-rows", args.maxBatchRows, 1, 65_536),
        maxWaitMs: whole("max-wait-ms", args.maxWaitMs, 0, 1_000),
      },
      onShutdown(),
    );
  },
};

export const minerCommands: CommandGroup = {
  group: "miner",
  describe: "Serve models and earn for it",
  commands: [minerServe],
};

/** An address alone, or with a port: 203.0.113.7:8091, [2001:db8::7]:8091. Port 0 stands for the one listened on. */
function parseAnnouncement(text: string | undefined, port: number): { ip: string; port: number } | undefined {
  if (text === undefined) return undefined;
  if (isIP(text)) return { ip: text, port };
  const colon = text.lastIndexOf(":");
  const ip = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, "$1");
  if (!isIP(ip)) throw usage(`--announce ${text} is no IP address, with or without a port`);
  return { ip, port: whole("announce", Number(text.slice(colon + 1)), 1, 65_535) };
}

function toRao(tao: number): bigint {
  if (!(tao >= 0 && tao <= MAX_TAO)) throw usage(`--min-stake must be 0 to ${MAX_TAO}`);
  return BigInt(Math.round(tao * RAO_PER_TAO));
}

function whole(flag: string, value: number, from: number, to: number): number {
  return wholeNumber("miner serve", flag, value, from, to);
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: "miner serve" });
}
