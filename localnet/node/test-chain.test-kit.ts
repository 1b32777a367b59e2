import { Keypair } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Hex } from "../../shared/types.ts";
import type { RuntimeEngine } from "../engine.ts";
import type { Account, RuntimeCall } from "../runtime/dsl/context.ts";
import { createPallets } from "../runtime/pallets.ts";
import { createRuntimeEngine } from "../runtime/runtime-engine.ts";
import { declareRuntime } from "../runtime/runtime-types.ts";
import { type SigningOptions, signExtrinsic } from "../runtime/sign-extrinsic.ts";
import { bytesToHex } from "../types/hex.ts";
import { ChainNode } from "./chain-node.ts";

const SLOT_MS = 12_000;
const TAO = 1_000_000_000n;
/** All chains of a test file share one engine: it keeps nothing between blocks, and is slow to declare. */
const pallets = createPallets({ slotMs: SLOT_MS });
const runtime = declareRuntime(pallets);
const engine = createRuntimeEngine({ pallets, slotMs: SLOT_MS }, silentLogger);
const pairs = new Map<string, Keypair>();

/** A chain without a server and with made-up time, for tests of what lies below the RPC. Call `keysReady` first. */
export type TestChain = {
  node: ChainNode;
  account(name: string): Account;
  /** A signed extrinsic of `//name`, its nonce the account's unless given. */
  sign(name: string, call: RuntimeCall, options?: Partial<SigningOptions>): Uint8Array;
  /** Sign, submit and make a block. @returns its events as `Pallet.Event`, without those of the inherent */
  run(name: string, call: RuntimeCall): string[];
  events(): string[];
  nonce(name: string): number;
};

export function createTestChain(options: { keepBlocks?: number; engine?: RuntimeEngine } = {}): TestChain {
  let nowMs = 1_800_000_000_000n;
  const node = new ChainNode(
    {
      engine: options.engine ?? engine,
      genesis: {
        balances: ["Alice", "Bob", "One"].map((name) => ({ account: account(name), rao: 1_000n * TAO })),
        sudo: account("Alice"),
      },
      nextTimeMs: () => {
        nowMs += BigInt(SLOT_MS);
        return nowMs;
      },
      keepBlocks: options.keepBlocks ?? 1_000,
    },
    silentLogger,
  );
  const chain: TestChain = {
    node,
    account,
    nonce: (name) => {
      const args = Buffer.from(account(name).slice(2), "hex");
      return node.query(undefined, (_, store, at) =>
        new DataView(engine.call(store, "AccountNonceApi_account_nonce", args, at).buffer).getUint32(0, true),
      );
    },
    sign: (name, call, given = {}) =>
      signExtrinsic(pairOf(name), runtime.types.call, call, {
        nonce: chain.nonce(name),
        genesisHash: node.genesisHash,
        ...given,
      }),
    run(name, call) {
      node.submit(chain.sign(name, call));
      node.newBlock();
      return chain.events();
    },
    events: () => eventNames(node),
  };
  return chain;
}

function pairOf(name: string): Keypair {
  const known = pairs.get(name) ?? Keypair.fromUri(`//${name}`);
  pairs.set(name, known);
  return known;
}

function account(name: string): Account {
  return bytesToHex(pairOf(name).publicKey);
}

/** Names of the events of the best block's transactions. */
function eventNames(node: ChainNode): string[] {
  const system = runtime.pallets.find(({ name }) => name === "System")!;
  const { prefix, value } = system.storage!.Events!;
  const bytes = node.state.get(prefix as Hex)!;
  const records = value.decode(bytes) as EventRecord[];
  return records
    .filter(({ phase }) => phase.type === "ApplyExtrinsic" && phase.value > 0)
    .map(({ event }) => `${event.type}.${event.value.type}`);
}

type EventRecord = {
  phase: { type: "ApplyExtrinsic"; value: number } | { type: "Initialization" | "Finalization" };
  event: { type: string; value: { type: string } };
};
