import { isIP } from "node:net";
import { SubforgeError } from "../../shared/errors.ts";
import { AXON_URI, isModelUri, MAX_MODEL_URI_BYTES } from "../../shared/rules/model-uri.ts";
import { gpuOptions } from "../gpu/gpu-options.ts";
import {
  type Command,
  type CommandGroup,
  networkOptions,
  templateOptions,
  walletOptions,
  writeOptions,
} from "../options.ts";
import type { SettingsFile } from "../settings-file.ts";
import { wholeNumber } from "../whole-number.ts";

const RAO_PER_TAO = 1e9;
/** All there will ever be. */
const MAX_TAO = 21_000_000;

const SETTINGS_PATH = "subforge.miner.json";

const config = {
  type: "string",
  describe: `File of settings, named as flags; default: ${SETTINGS_PATH}, where there is one`,
} as const;

const modelOptions = {
  model: {
    type: "string",
    array: true,
    demandOption: true,
    describe: "Path of the ONNX file, or name=path; several for several models, the template asks the first",
  },
  device: { choices: ["cpu", "cuda", "auto"], default: "cpu", describe: "Where to run it" },
  threads: { type: "number", default: 1, describe: "CPU threads of one inference process" },
  ...gpuOptions,
} as const;

const addressOptions = {
  host: { type: "string", default: "127.0.0.1", describe: "Address to listen on; 0.0.0.0: all of them" },
  port: { type: "number", default: 8091, describe: "Port to listen on; 0: any free one" },
  announce: {
    type: "string",
    describe: "Address to publish on chain, as in 203.0.113.7 or 203.0.113.7:8091; auto: the one found",
  },
  "reach-helper": {
    type: "string",
    describe: "URL of a helper outside that tries to connect back: GET URL?port=8091; see docs/miner.md",
  },
} as const;

const netuid = { type: "number", demandOption: true, describe: "Number of the subnet" } as const;

const serveOptions = {
  config,
  ...networkOptions,
  ...walletOptions,
  netuid,
  template: templateOptions.template,
  ...modelOptions,
  model: {
    ...modelOptions.model,
    demandOption: false,
    default: [] as string[],
    describe: `${modelOptions.model.describe}; none where the subnet's own code is what is run`,
  },
  ...addressOptions,
  "commit-model": {
    type: "string",
    describe: "Commit on chain to the model that is served: axon, to hand it out here, or its https address",
  },
  renew: {
    type: "boolean",
    default: false,
    describe: "Publish a new address by itself when that of this machine has changed",
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
  "max-batch-rows": {
    type: "number",
    default: 64,
    describe: "Rows of concurrent requests that may run together",
  },
  "max-wait-ms": { type: "number", default: 0, describe: "How long a request may wait for company" },
  isolation: {
    choices: ["process", "thread", "inline"],
    default: "process",
    describe: "Where native code runs; process: a crash takes no answer of another request with it",
  },
  "max-rss": { type: "number", describe: "Replace an inference process that holds more memory, in MiB" },
  "max-vram": { type: "number", describe: "The same for memory on cards, in MiB" },
  "gpu-ids": { type: "string", describe: "Cards for the processes in turn, as in 0,1" },
  tf32: {
    type: "boolean",
    default: true,
    describe: "Let CUDA round factors to 10 bits on tensor cores, as it does by default",
  },
  watch: {
    type: "boolean",
    default: false,
    describe: "Replace a model when its file changes; SIGHUP does too",
  },
  protocols: {
    type: "string",
    default: "btauth/1",
    describe: "How callers may sign, with commas: btauth/1, v10, epistula/2; the others protect less",
  },
  "replay-redis": {
    type: "string",
    describe: "Redis that remembers what was answered: for several processes of a hotkey, and over restarts",
  },
  "replay-private-network": {
    type: "boolean",
    default: false,
    describe: "The way to that Redis is private: redis:// without TLS may leave this machine",
  },
  "local-port": {
    type: "number",
    describe: "Port on 127.0.0.1 where own programs ask without signatures, by the Open Inference Protocol",
  },
  "metrics-port": {
    type: "number",
    describe: "Port of Prometheus metrics on 127.0.0.1; 0: any free one; default: none are served",
  },
} as const;

/** One file for all commands of a miner: what `serve` has as flags. */
const settings: SettingsFile = {
  defaultPath: SETTINGS_PATH,
  flag: "config",
  options: serveOptions,
  paths: ["model", "walletPath", "passwordFile", "gpuDir"],
};

const initOptions = {
  config: { ...config, describe: `File to write; default: ${SETTINGS_PATH}` },
  network: networkOptions.network,
  wallet: walletOptions.wallet,
  hotkey: walletOptions.hotkey,
  "wallet-path": walletOptions["wallet-path"],
  "dev-key": walletOptions["dev-key"],
  netuid,
  template: templateOptions.template,
  ...modelOptions,
  ...addressOptions,
  force: { type: "boolean", default: false, describe: "Write over a file that is there" },
} as const;

const checkOptions = {
  config,
  ...networkOptions,
  ...walletOptions,
  netuid,
  ...modelOptions,
  ...addressOptions,
  reach: { type: "boolean", default: false, describe: "Call the announced address" },
  "as-validator": {
    type: "boolean",
    default: false,
    describe: "Send the running miner a signed question through its address, and verify the answer",
  },
  "caller-dev-key": {
    type: "string",
    describe: "Development key that asks, such as //Bob; default: the miner's own hotkey, which it welcomes",
  },
} as const;

const publishOptions = {
  config,
  ...networkOptions,
  ...walletOptions,
  ...writeOptions,
  netuid,
  port: addressOptions.port,
  announce: { ...addressOptions.announce, default: "auto" },
  "reach-helper": addressOptions["reach-helper"],
} as const;

const whyOptions = {
  config,
  ...networkOptions,
  ...walletOptions,
  netuid,
  "hotkey-address": {
    type: "string",
    describe: "Address of another miner's hotkey; default: that of the wallet",
  },
  "metrics-port": { type: "number", describe: "Port of the metrics of the miner on this machine" },
} as const;

const benchOptions = {
  config,
  model: modelOptions.model,
  device: modelOptions.device,
  ...gpuOptions,
  seconds: { type: "number", default: 1, describe: "How long each case is measured" },
} as const;

/** `subforge miner init` */
const minerInit: Command<typeof initOptions> = {
  command: "init",
  describe: "Look at a model and write the settings of a miner into a file",
  builder: initOptions,
  handler: async (args) => {
    const { initMiner } = await import("../miner/init-miner.ts");
    const { port, threads } = checkedNumbers("init", args);
    const announce = args.announce === "auto" ? "auto" : parseAnnouncement("init", args.announce, port);
    await initMiner({ ...args, port, threads, announce, config: args.config ?? SETTINGS_PATH }, settings);
  },
};

/** `subforge miner check` */
const minerCheck: Command<typeof checkOptions> = {
  command: "check",
  describe: "Check model, device, port, clock, wallet, registration and address; --as-validator: ask it",
  builder: checkOptions,
  settings,
  handler: async (args) => {
    const { checkMiner } = await import("../miner/check-miner.ts");
    const numbers = checkedNumbers("check", args);
    await checkMiner({ ...args, ...numbers, announce: announcement("check", args) });
  },
};

/** `subforge miner serve` */
const minerServe: Command<typeof serveOptions> = {
  command: "serve",
  describe: "Serve a model to the validators of one subnet",
  builder: serveOptions,
  settings,
  handler: async (args) => {
    const { assertOpenable } = await import("../assert-openable.ts");
    await assertOpenable(args); // before anything heavy is loaded
    const { serveMiner } = await import("../serve-miner.ts"); // late: --help must not load the runtime
    const { parseProtocols } = await import("../miner/parse-protocols.ts");
    const { onShutdown } = await import("../output.ts");
    const optional = (flag: string, value: number | undefined, from: number, to: number) =>
      value === undefined ? undefined : whole("serve", flag, value, from, to);
    await serveMiner(
      {
        ...args,
        ...checkedNumbers("serve", args),
        announce: announcement("serve", args),
        commitModel: modelUri(args.commitModel),
        minStakeRao: toRao(args.minStake),
        processes: whole("serve", "processes", args.processes, 1, 64),
        maxBatchRows: whole("serve", "max-batch-rows", args.maxBatchRows, 1, 65_536),
        maxWaitMs: whole("serve", "max-wait-ms", args.maxWaitMs, 0, 1_000),
        maxRss: optional("max-rss", args.maxRss, 16, 2 ** 20),
        maxVram: optional("max-vram", args.maxVram, 16, 2 ** 20),
        gpuIds: args.gpuIds?.split(",").map((id) => whole("serve", "gpu-ids", Number(id || "none"), 0, 63)),
        protocols: parseProtocols(args.protocols),
        localPort: optional("local-port", args.localPort, 0, 65_535),
        metricsPort: optional("metrics-port", args.metricsPort, 0, 65_535),
      },
      onShutdown(),
    );
  },
};

/** `subforge miner publish` */
const minerPublish: Command<typeof publishOptions> = {
  command: "publish",
  describe: "Publish where the miner listens, when the chain shows something else; prints its plan first",
  builder: publishOptions,
  settings,
  handler: async (args) => {
    const { publishMiner } = await import("../miner/publish-miner.ts");
    const port = whole("publish", "port", args.port, 1, 65_535);
    await publishMiner({ ...args, port, announce: announcement("publish", args)! });
  },
};

/** `subforge miner why` */
const minerWhy: Command<typeof whyOptions> = {
  command: "why",
  describe: "Say what the chain knows about what a miner is paid, and what to do",
  builder: whyOptions,
  settings,
  handler: async (args) => {
    const { explainPay } = await import("../miner/explain-pay.ts");
    await explainPay(args);
  },
};

/** `subforge miner bench` */
const minerBench: Command<typeof benchOptions> = {
  command: "bench",
  describe: "Measure a model on this machine by rows per batch, and recommend settings",
  builder: benchOptions,
  settings,
  handler: async (args) => {
    const { benchModel } = await import("../miner/bench-model.ts");
    if (!(args.seconds >= 0.05 && args.seconds <= 60)) throw usage("bench", "--seconds must be 0.05 to 60");
    await benchModel(args);
  },
};

export const minerCommands: CommandGroup = {
  group: "miner",
  describe: "Serve models and earn for it",
  commands: [minerInit, minerCheck, minerServe, minerPublish, minerWhy, minerBench],
};

/** Where `auto` is what is found out later. */
export type WantedAddress = { ip: string; port: number } | "auto";

function announcement(
  command: string,
  args: { announce: string | undefined; port: number },
): WantedAddress | undefined {
  return args.announce === "auto" ? "auto" : parseAnnouncement(command, args.announce, args.port);
}

/** As a commitment says it. `axon` alone is easier to type. */
function modelUri(text: string | undefined): string | undefined {
  if (text === undefined || text === "axon") return text && AXON_URI;
  if (isModelUri(text)) return text;
  throw usage("serve", `--commit-model must be axon, or https:// and at most ${MAX_MODEL_URI_BYTES} bytes`);
}

/** An address alone, or with a port: 203.0.113.7:8091, [2001:db8::7]:8091. Port 0 stands for the one listened on. */
function parseAnnouncement(
  command: string,
  text: string | undefined,
  port: number,
): { ip: string; port: number } | undefined {
  if (text === undefined) return undefined;
  if (isIP(text)) return { ip: text, port };
  const colon = text.lastIndexOf(":");
  const ip = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, "$1");
  if (!isIP(ip))
    throw usage(command, `--announce ${text} is neither auto nor an IP address, with or without a port`);
  return { ip, port: whole(command, "announce", Number(text.slice(colon + 1)), 1, 65_535) };
}

/** The numbers that several commands have. */
function checkedNumbers(command: string, args: { netuid: number; port: number; threads: number }) {
  return {
    netuid: whole(command, "netuid", args.netuid, 0, 65_535),
    port: whole(command, "port", args.port, 0, 65_535),
    threads: whole(command, "threads", args.threads, 1, 256),
  };
}

function toRao(tao: number): bigint {
  if (!(tao >= 0 && tao <= MAX_TAO)) throw usage("serve", `--min-stake must be 0 to ${MAX_TAO}`);
  return BigInt(Math.round(tao * RAO_PER_TAO));
}

function whole(command: string, flag: string, value: number, from: number, to: number): number {
  return wholeNumber(`miner ${command}`, flag, value, from, to);
}

function usage(command: string, problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: `miner ${command}` });
}
