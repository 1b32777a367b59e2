import type { ArgumentsCamelCase, InferredOptionTypes, Options } from "yargs";
import { SubforgeError } from "../shared/errors.ts";
import type { SettingsFile } from "./settings-file.ts";

/** Options that every command has. `scripts/command-line.ts` adds them; a command never names them again. */
export const globalOptions = {
  json: { type: "boolean", default: false, describe: "Print one JSON document on stdout and nothing else" },
  yes: { type: "boolean", default: false, describe: "Answer every question with yes" },
  "log-level": {
    choices: ["debug", "info", "warn", "error", "silent"],
    default: "info",
    describe: "How much is logged on stderr",
  },
  color: { type: "boolean", default: true, describe: "Colours on a terminal; --no-color or NO_COLOR: none" },
  "show-stack-traces": { type: "boolean", default: false, describe: "Print the stack of an error" },
} as const satisfies Record<string, Options>;

/** Which chain: commands that talk to one. Resolve it with `chainAt`. */
export const networkOptions = {
  network: {
    type: "string",
    default: "local",
    describe: "local, finney, test, or addresses of one chain, separated by commas: ws://… or wss://…",
  },
} as const satisfies Record<string, Options>;

/** How the password of an encrypted keyfile is given without a terminal. Resolve them with `passwordSource`. */
export const passwordOptions = {
  "password-file": { type: "string", describe: "File that holds the password of an encrypted keyfile" },
  "password-fd": { type: "number", describe: "Descriptor to read that password from, as in 3<secret" },
} as const satisfies Record<string, Options>;

/** Who signs: commands that need a key. Resolve them with `loadSigner`. */
export const walletOptions = {
  wallet: { type: "string", default: "default", describe: "Name of the wallet" },
  hotkey: { type: "string", default: "default", describe: "Name of the hotkey inside the wallet" },
  "wallet-path": {
    type: "string",
    default: "~/.bittensor/wallets",
    describe: "Folder of the wallets, shared with btcli",
  },
  ...passwordOptions,
  "allow-unsafe-keyfile": {
    type: "boolean",
    default: false,
    describe: "Use a keyfile although others can read it, it is a link, or it has another owner",
  },
  "dev-key": {
    type: "string",
    describe: "A development key such as //Bob instead of a wallet; refused on public networks",
  },
} as const satisfies Record<string, Options>;

/** A key that is not on this machine: commands that sign calls. Resolve them with `loadChainSigner`. */
export const signerOptions = {
  signer: { type: "string", describe: "External signer, as in unix:/run/signer.sock; see docs/keys.md" },
  "signer-timeout": { type: "number", default: 10, describe: "Seconds to wait for its signature" },
} as const satisfies Record<string, Options>;

/** Commands that change something on chain. Resolve them with `carryOut`. */
export const writeOptions = {
  "dry-run": { type: "boolean", default: false, describe: "Print the plan and send nothing" },
  ...signerOptions,
} as const satisfies Record<string, Options>;

/** Where tasks wait: commands that use the queue. */
export const queueOptions = {
  queue: {
    type: "string",
    describe: "Redis to use, redis://… or rediss://…; default: REDIS_URL, else a private redis-server",
  },
  "queue-private-network": {
    type: "boolean",
    default: false,
    describe: "The way to Redis is private: redis:// without TLS may leave this machine",
  },
} as const satisfies Record<string, Options>;

/** Processes whose jobs can be followed by OpenTelemetry. */
export const traceOptions = {
  trace: {
    type: "boolean",
    describe:
      "Report jobs to OpenTelemetry (package bullmq-otel); default: when OTEL_EXPORTER_OTLP_ENDPOINT is set",
  },
} as const satisfies Record<string, Options>;

/** Which subnet is mined or validated. */
export const templateOptions = {
  template: {
    type: "string",
    alias: "t",
    default: "inference",
    describe: "Template of the subnet: inference, hello, or the folder of one of your own",
  },
  preset: { type: "string", describe: "Preset of the template: short for that knob in --config" },
  config: {
    type: "string",
    default: "{}",
    coerce: parseConfigText,
    describe: "Configuration of the template as JSON",
  },
} as const satisfies Record<string, Options>;

type OptionRecord = Record<string, Options>;

/** The global options as a handler sees them. */
export type GlobalArgs = ArgumentsCamelCase<InferredOptionTypes<typeof globalOptions>>;

/** A command and the record of its own options; its handler gets the global ones too. */
export type Command<Own extends OptionRecord> = {
  /** Its word, and its arguments as yargs writes them: `explain <code>`. */
  command: string;
  describe: string;
  builder: Own;
  /** A file that may set its flags. */
  settings?: SettingsFile;
  handler: (
    args: ArgumentsCamelCase<InferredOptionTypes<Own & typeof globalOptions>>,
  ) => void | Promise<void>;
};

/** What the command line needs to know of any command. */
export type AnyCommand = {
  command: string;
  describe: string;
  builder: OptionRecord;
  settings?: SettingsFile;
  handler: (args: never) => void | Promise<void>;
};

/** Commands that share their first word, as in `subforge miner serve`. */
export type CommandGroup = {
  group: string;
  describe: string;
  commands: readonly (AnyCommand | CommandGroup)[];
};

/** The queue named by `--queue`, else by REDIS_URL; undefined: start a private one. */
export function queueUrl(args: { queue: string | undefined }): string | undefined {
  return args.queue ?? (process.env.REDIS_URL || undefined);
}

/** Asked for by `--trace`, or by the variable every exporter of OpenTelemetry reads. */
export function isTraced(args: { trace?: boolean | undefined }): boolean {
  return args.trace ?? Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

/** The knobs a template is given, for it to check: those of `--config`, and `--preset` above them. */
export function templateConfig(args: { config: unknown; preset: string | undefined }): unknown {
  const { config, preset } = args;
  const isObject = typeof config === "object" && config !== null && !Array.isArray(config);
  return preset === undefined || !isObject ? config : { ...config, preset };
}

/** @throws SubforgeError CONFIG_INVALID. The template says what the values may be. */
function parseConfigText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("CONFIG_INVALID", { what: "--config", problems: [problem] });
  }
}
