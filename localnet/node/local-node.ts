import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { fromAddress, keysReady } from "../../shared/keys/keypair.ts";
import type { Logger } from "../../shared/logger.ts";
import type { BlockNumber, Coldkey, Hex, Rao } from "../../shared/types.ts";
import type { RuntimeEngine, VersionInfo } from "../engine.ts";
import type { Account } from "../runtime/dsl/context.ts";
import type { GenesisConfig } from "../runtime/dsl/genesis.ts";
import { createPallets } from "../runtime/pallets.ts";
import { createRuntimeEngine } from "../runtime/runtime-engine.ts";
import { bytesToHex } from "../types/hex.ts";
import { BlockAuthor, type BlockMode } from "./block-author.ts";
import { ChainClock } from "./chain-clock.ts";
import { ChainNode } from "./chain-node.ts";
import { ChainStates } from "./chain-states.ts";
import { DEV_ACCOUNTS, DEV_SUDO } from "./dev-accounts.ts";
import { applyChainFaults } from "./faults/chain-faults.ts";
import { FaultBoard } from "./faults/fault-board.ts";
import { JsonRpc } from "./json-rpc.ts";
import { createMethods } from "./rpc/methods.ts";
import { isLoopback, startRpcServer } from "./rpc-server.ts";

const DEFAULT_HOST = "127.0.0.1";

/** Milliseconds between blocks of a chain that makes them on demand: the real chain's. */
const DEFAULT_SLOT_MS = 12_000;

/** Blocks whose content and state can still be read: half an hour of the fast chain, and more than any client looks back. */
const KEEP_BLOCKS = 7_200;

export type LocalNodeOptions = {
  /** Default 127.0.0.1. On an address that others reach, `dev_*` methods are not served. */
  host?: string;
  /** 0: any free one. */
  port: number;
  mode: BlockMode;
  /** A real runtime blob, plain or compressed: its rules instead of the built-in ones, its own time per slot. */
  runtime?: Uint8Array;
  genesis?: {
    /** Besides the development accounts; an address named again gets this instead. */
    balances?: readonly { address: Coldkey; rao: Rao }[];
    /** Default `//Alice`. */
    sudo?: Coldkey;
  };
  /** Content of a file that `dump` made: the chain goes on where that one was, with its genesis. */
  state?: { file: Uint8Array; name: string };
  logger: Logger;
};

export type LocalNode = {
  /** `ws://…`; HTTP POST works on the same port. */
  endpoint: string;
  genesisHash: Hex;
  /** Of the runtime whose rules hold now. */
  version(): VersionInfo;
  /** What goes wrong on purpose: `faults.set({ kind: "delay", ms: 500 })`. */
  faults: Pick<FaultBoard, "set" | "clear" | "list">;
  /** The whole chain as the content of one file, for `state` of a later start or for `load`. */
  dump(): Uint8Array;
  /** Go on as a chain that was dumped: of the same genesis, so that no client is misled. */
  load(file: Uint8Array): void;
  /** The chain behind the endpoint, for a test that looks on or interferes without being a client. */
  inside: ChainNode;
  /** Make blocks now, whatever the mode. @returns the number of the last one */
  newBlock(count?: number): BlockNumber;
  head(): { number: BlockNumber; hash: Hex };
  /** Stop making blocks and cut off every client. May be called twice. */
  close(): Promise<void>;
};

/**
 * Start a chain in this process. Equal options give an equal genesis.
 *
 * @param signal - Closes the node when it aborts.
 * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN, CONFIG_INVALID for a wrong address, RUNTIME_* for a runtime blob that
 *   cannot be run
 */
export async function startLocalNode(options: LocalNodeOptions, signal?: AbortSignal): Promise<LocalNode> {
  const { host = DEFAULT_HOST, port, mode, logger } = options;
  await keysReady();
  const { engine, minStepMs } = await openEngine(options);
  const clock = new ChainClock(systemClock, engine.slotMs, minStepMs);
  const node = new ChainNode(
    { engine, genesis: genesisConfig(options), nextTimeMs: () => clock.next(), keepBlocks: KEEP_BLOCKS },
    logger,
  );
  const states = new ChainStates(node, clock);
  if (options.state) states.restore(options.state.file, options.state.name);
  const faults = new FaultBoard();
  applyChainFaults(faults, node);
  const author = new BlockAuthor(node, { kind: "manual" }, systemClock, logger);
  clock.followWhen(() => author.mode.kind === "interval");
  const server = await startRpcServer({
    host,
    port,
    rpc: new JsonRpc(createMethods({ dev: isLoopback(host) }), logger),
    context: { node, author, faults, states, travelTo: (unixMs) => clock.travelTo(unixMs) },
  });
  author.setMode(mode);

  let closing: Promise<void> | undefined;
  const close = () => {
    author.stop();
    faults.close();
    closing ??= server.close();
    return closing;
  };
  if (signal?.aborted) await close();
  signal?.addEventListener("abort", () => void close(), { once: true });
  return {
    endpoint: `ws://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    genesisHash: node.genesisHash,
    version: () => node.engine.version(),
    faults,
    inside: node,
    dump: () => states.dump(),
    load: (file) => states.load(file),
    newBlock: (count) => author.newBlock(count).header.number,
    head: () => ({ number: node.head.header.number, hash: node.head.hash }),
    close,
  };
}

/** The rules of the chain, and the least time between two of its blocks in milliseconds. */
async function openEngine(options: LocalNodeOptions): Promise<{ engine: RuntimeEngine; minStepMs: number }> {
  const { mode, runtime, logger } = options;
  if (runtime !== undefined) {
    const { RealEngine } = await import("../host/real-engine.ts"); // late: most chains need no host
    const engine = new RealEngine({ blob: runtime, logger });
    return { engine, minStepMs: engine.slotMs };
  }
  const slotMs = mode.kind === "interval" ? mode.ms : DEFAULT_SLOT_MS;
  return {
    engine: createRuntimeEngine({ pallets: createPallets({ slotMs }), slotMs }, logger),
    minStepMs: 1,
  };
}

function genesisConfig({ genesis = {} }: LocalNodeOptions): GenesisConfig {
  const rao = new Map<Account, Rao>();
  for (const { account, rao: amount } of DEV_ACCOUNTS) rao.set(account, amount);
  for (const { address, rao: amount } of genesis.balances ?? []) rao.set(toAccount(address), amount);
  return {
    balances: [...rao].map(([account, amount]) => ({ account, rao: amount })),
    sudo: genesis.sudo === undefined ? DEV_SUDO : toAccount(genesis.sudo),
  };
}

function toAccount(address: Coldkey): Account {
  const publicKey = fromAddress(address);
  if (publicKey === undefined)
    throw new SubforgeError("CONFIG_INVALID", {
      what: "the genesis",
      problems: [`${address} is no address`],
    });
  return bytesToHex(publicKey);
}
