import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type RunningMiner, startMiner } from "../../miner/miner.ts";
import { Keypair } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Message, Synapse } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { V10Synapse } from "../../shared/v10-synapse.ts";
import { minerKeys } from "../dev/dev-subnet.ts";
import type { InteropChain } from "./interop-chain.ts";

const text = { type: "str" } as const;
const answer = { type: "str", default: null, output: true } as const;

/** The classes of `wire_v10.py`. */
export const CLASSES = {
  plain: { name: "Plain", fields: { text, answer }, requiredHashFields: [] },
  hashed: {
    name: "Hashed",
    fields: {
      ...{ text, ids: { type: { list: "int" } }, scale: { type: "float", default: 1.5 } },
      ...{ meta: { type: { dict: "float" }, default: {} }, answer },
    },
    requiredHashFields: ["text", "ids", "scale", "meta"],
  },
  tensors: {
    name: "Tensors",
    fields: {
      x: { type: "tensor", default: null },
      y: { type: "tensor", default: null, output: true },
    },
    requiredHashFields: ["x"],
  },
} as const satisfies Record<string, V10Synapse>;

/** Of the template below: where btauth/1 asks for the same. */
export const PLAIN_PATH = "/wire/plain";

/** A miner of the chain's own subnet that says what it heard, in every convention. It stops with `stop`. */
export async function startWireMiner(
  world: InteropChain,
  caller: Hotkey,
): Promise<RunningMiner & { hotkey: Hotkey; port: number; stop(): Promise<void> }> {
  const signer = minerKeys(1).hotkey;
  const stopping = new AbortController();
  const synapses = Object.fromEntries(Object.entries(CLASSES).map(([name, v10]) => [name, echo(v10)]));
  const miner = await startMiner(
    { netuid: world.netuid, port: 0, callers: { allow: [caller] }, protocols: ["btauth/1", "v10"] },
    {
      ...{ chain: world.chain, signer, logger: silentLogger, signal: stopping.signal },
      template: { id: "wire", synapses },
    },
  );
  const stop = () => {
    stopping.abort();
    return miner.stopped;
  };
  return { ...miner, hotkey: signer.address, port: Number(new URL(miner.url).port), stop };
}

/** A port that nobody listens on, for a program that must be told one. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The key that a client of the checklist signs with. */
export function clientHotkey(coldkeyUri: string, name: string): Keypair {
  return Keypair.fromUri(`${coldkeyUri}//${name}`);
}

function echo(v10: V10Synapse): Synapse {
  return {
    ...{ timeoutMs: 5_000, maxRequestBytes: 1_000_000, maxResponseBytes: 1_000_000, v10 },
    createRequest: () => ({}),
    parseRequest: (message) => message,
    async answer({ text: heard, x }): Promise<Message> {
      if (heard === "break") throw new Error("the work broke");
      return x === undefined ? { answer: `heard ${String(heard)}` } : { y: x };
    },
    parseResponse: (message) => message,
  };
}
