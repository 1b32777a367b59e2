import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { startLocalNode } from "../../localnet/node/local-node.ts";
import { startMiner } from "../../miner/miner.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { loadSubnet } from "../../subnets/registry.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { createDevSubnet, DEV_KEYS, devBalances, minerKeys } from "../dev/dev-subnet.ts";
import { populationOf } from "../dev/population.ts";

const HOST = "127.0.0.1";
const BLOCK_MS = 300;
const TEMPO = 20;
const EPOCHS = 3;
const DEADLINE_MS = 120_000;

/** Requests of one validator on one subnet. */
export type RpcCost = { perBlock: number; perEpoch: number };

/**
 * Runs `subforge validator run` with a miner on a local chain, and counts what it asks of the chain: in blocks in which
 * nothing happens, and what an epoch with verified weights adds to them.
 */
export async function countRpc(): Promise<RpcCost> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-bench-"));
  const stop = new AbortController();
  const template = await loadSubnet("hello");
  const keys = [minerKeys(1)];
  const node = await startLocalNode({
    host: HOST,
    port: 0,
    mode: { kind: "interval", ms: BLOCK_MS },
    genesis: { balances: devBalances(keys) },
    logger: silentLogger,
  });
  const chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  const counter = await startCounter(node.endpoint);
  try {
    const { netuid } = await createDevSubnet(chain, { tempo: TEMPO, commitReveal: false, miners: keys });
    const [best] = await populationOf(template, []);
    const miner = await startMiner(
      {
        netuid,
        host: HOST,
        port: 0,
        modelPath: best!.model!.path,
        announce: { ip: "::ffff:127.0.0.1", port: 0 },
        refreshMs: 2_000,
      },
      {
        chain,
        signer: keys[0]!.hotkey,
        template,
        logger: silentLogger,
        clock: systemClock,
        signal: stop.signal,
      },
    );
    const words = ["validator", "run", "--json", "--network", counter.endpoint, "--netuid", String(netuid)];
    const more = ["--template", "hello", "--dev-key", DEV_KEYS.validatorHotkey, "--doppelganger-epochs", "0"];
    const own = ["--workers", "1", "--data", join(folder, "validator"), "--log-level", "error"];
    const validator = spawn(process.execPath, [processEntry("cli"), ...words, ...more, ...own], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(validator, "exit");
    const late = setTimeout(() => validator.kill("SIGKILL"), DEADLINE_MS);
    let verified = 0;
    let from = 0;
    for await (const line of createInterface({ input: validator.stdout })) {
      if ((JSON.parse(line) as ValidatorEvent).event !== "weights.verified") continue;
      if (verified === 0) from = counter.perBlock.length;
      verified += 1;
      if (verified > EPOCHS) break;
    }
    clearTimeout(late);
    validator.kill("SIGTERM");
    await ended;
    stop.abort();
    await miner.stopped;
    if (verified <= EPOCHS) throw new Error(`the validator verified ${verified} epochs before it ended`);
    const blocks = counter.perBlock.slice(from);
    const perBlock = ofQuietBlock(blocks);
    const total = blocks.reduce((sum, requests) => sum + requests, 0);
    return { perBlock, perEpoch: Math.max(0, total - perBlock * blocks.length) / EPOCHS };
  } finally {
    stop.abort();
    counter.close();
    await chain.close();
    await node.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** An epoch is so short here that something happens in more than half of its blocks: the lowest quarter is quiet. */
function ofQuietBlock(blocks: readonly number[]): number {
  return blocks.toSorted((a, b) => a - b)[blocks.length >> 2]!;
}

/** Passes everything on, and counts requests by block. */
async function startCounter(
  target: string,
): Promise<{ endpoint: string; perBlock: number[]; close(): void }> {
  const perBlock = [0];
  const server = new WebSocketServer({ host: HOST, port: 0 });
  await once(server, "listening");
  server.on("connection", (client) => {
    const upstream = new WebSocket(target);
    const opened = once(upstream, "open");
    client.on("message", async (data: RawData) => {
      const text = data.toString();
      const message = JSON.parse(text) as unknown;
      perBlock[perBlock.length - 1]! += Array.isArray(message) ? message.length : 1;
      await opened;
      upstream.send(text);
    });
    upstream.on("message", (data: RawData) => {
      const text = data.toString();
      if (text.includes('"chain_newHead"')) perBlock.push(0);
      client.send(text);
    });
    client.on("close", () => upstream.close());
    upstream.on("close", () => client.close());
    upstream.on("error", () => client.close());
  });
  const { port } = server.address() as { port: number };
  return {
    endpoint: `ws://${HOST}:${port}`,
    perBlock,
    close: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
