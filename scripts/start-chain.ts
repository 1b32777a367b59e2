import type { BlockMode } from "../localnet/node/block-author.ts";
import { DEV_ACCOUNTS } from "../localnet/node/dev-accounts.ts";
import { startLocalNode } from "../localnet/node/local-node.ts";
import { hexToBytes } from "../localnet/types/hex.ts";
import { SubforgeError } from "../shared/errors.ts";
import { keysReady, toAddress } from "../shared/keys/keypair.ts";
import { createLogger, type LogLevel } from "../shared/logger.ts";
import { createFirstSubnet, firstSubnetMiners } from "./chain/first-subnet.ts";
import { readStateFile } from "./chain/read-state-file.ts";
import { replaceFile } from "./chain/replace-file.ts";
import { devBalances } from "./dev/dev-subnet.ts";
import { createOutput, table } from "./output.ts";
import { readRuntimeFile } from "./read-runtime-file.ts";
import { wholeNumber } from "./whole-number.ts";

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000 } as const;

/** Faster blocks leave a client no time to look at one; slower ones are a mistyped unit. */
const MIN_BLOCK_MS = 10;
const MAX_BLOCK_MS = 3_600_000;

const RAO_PER_TAO = 1_000_000_000n;

export type StartChainArgs = {
  host: string;
  port: number;
  blockTime: string;
  /** File to go on from and to save to. */
  state?: string | undefined;
  /** File of a real runtime blob. */
  runtime?: string | undefined;
  /** Make a subnet with a validator and a miner. */
  subnet?: boolean;
  /** Of that subnet. */
  tempo: number;
  json: boolean;
  logLevel: string;
};

/**
 * Run a local chain until the signal aborts. Prints where it is and who has money: with --json one document.
 *
 * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN, CLI_USAGE, CHAIN_STATE_FILE, CHAIN_STATE_INVALID,
 *   CHAIN_STATE_INCOMPATIBLE, RUNTIME_*
 */
export async function startChain(args: StartChainArgs, signal: AbortSignal): Promise<void> {
  const output = createOutput(args);
  const mode = parseBlockTime(args.blockTime);
  const logger = createLogger("chain", args.logLevel as LogLevel);
  const { host, state: path } = args;
  const port = wholeNumber("chain start", "port", args.port, 0, 65_535);
  const tempo = wholeNumber("chain start", "tempo", args.tempo, 20, 65_535);
  const file = path === undefined ? undefined : await readStateFile(path);
  const state = path !== undefined && file !== undefined ? { file, name: path } : undefined;
  const runtime = args.runtime === undefined ? undefined : await readRuntimeFile(args.runtime);
  if (args.subnet && (state || mode.kind === "manual")) {
    throw usage(
      "--subnet makes blocks of a new chain: without --block-time manual, and not from a --state that is there",
    );
  }
  await keysReady();
  const node = await startLocalNode({
    host,
    port,
    mode,
    logger,
    ...(state && { state }),
    ...(runtime && { runtime }),
    ...(args.subnet && { genesis: { balances: devBalances(firstSubnetMiners()) } }),
  });
  const subnet = args.subnet ? await createFirstSubnet(node.endpoint, tempo) : undefined;
  const { specName, specVersion } = node.version();
  const accounts = DEV_ACCOUNTS.map(({ uri, account, rao }) => ({
    uri,
    address: toAddress(hexToBytes(account)),
    tao: (rao / RAO_PER_TAO).toString(),
  }));
  const block = node.head().number;
  output.result(
    {
      endpoint: node.endpoint,
      genesisHash: node.genesisHash,
      blockTime: args.blockTime,
      block,
      runtime: { specName, specVersion, file: args.runtime },
      accounts,
      subnet: subnet ?? null,
    },
    [
      node.endpoint,
      "",
      ...table([
        ["account", "address", "TAO"],
        ...accounts.map(({ uri, address, tao }) => [uri, address, tao]),
      ]),
      "",
      `blocks: ${describeMode(mode)}; sudo: //Alice; genesis: ${node.genesisHash}`,
      ...(runtime === undefined ? [] : [`runtime: ${specName} ${specVersion} from ${args.runtime}`]),
      ...(path === undefined ? [] : [`state: ${path}, at block ${block}; saved when the chain ends`]),
      "these keys are public: never use them elsewhere",
      ...(subnet ? [`subnet ${subnet.netuid}: validator ${subnet.validator}, miner ${subnet.miner}`] : []),
      subnet
        ? `next: subforge miner serve --netuid ${subnet.netuid} --dev-key ${subnet.miner} --model model.onnx`
        : `next: subforge doctor --network ${node.endpoint}`,
    ],
  );
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await node.close();
  if (path !== undefined) await replaceFile(path, node.dump());
}

/** @throws SubforgeError CLI_USAGE */
export function parseBlockTime(text: string): BlockMode {
  if (text === "manual" || text === "instant") return { kind: text };
  const [, amount, unit] = /^(\d{1,7})(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (!(ms >= MIN_BLOCK_MS && ms <= MAX_BLOCK_MS))
    throw usage(
      `--block-time is manual, instant, or a time from 10ms to 60m such as 250ms or 12s, not ${text}`,
    );
  return { kind: "interval", ms };
}

function describeMode(mode: BlockMode): string {
  if (mode.kind === "manual") return "when dev_newBlock is called";
  return mode.kind === "instant" ? "one per transaction" : `every ${mode.ms} ms`;
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: "chain start" });
}
