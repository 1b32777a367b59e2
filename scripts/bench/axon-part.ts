import { setTimeout as delay } from "node:timers/promises";
import { fastify } from "fastify";
import { Axon, type AxonWork } from "../../miner/axon.ts";
import { DEFAULT_CALLER_POLICY } from "../../miner/caller-policy.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { letHeapGrow } from "../../miner/let-heap-grow.ts";
import { MinerMetrics } from "../../miner/metrics.ts";
import type { SignedRoute } from "../../miner/route.ts";
import { templateRoutes } from "../../miner/template-routes.ts";
import { systemClock } from "../../shared/clock.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { verifyByWasmCrypto } from "../../shared/keys/sr25519/verify-slowly.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Message } from "../../shared/template.ts";
import type { Tensor } from "../../shared/tensor.ts";
import { btauth, DEFAULT_WINDOW, type VerifiedRequest } from "../../shared/wire/btauth.ts";
import type { Protocol } from "../../shared/wire/protocol.ts";
import { ReplayStore } from "../../shared/wire/replay-store.ts";

/*
 * The servers of the benchmarks of an axon, each in a process of its own: says {"port"} when it listens and ends with
 * its input.
 */

const PARTS: Record<string, (...words: string[]) => Promise<{ port: number; close(): Promise<void> }>> = {
  /** The whole axon in front of a model. */
  model: async (path) => {
    const pool = await InferencePool.start(
      { ...DEFAULT_POOL_OPTIONS, modelPath: path! },
      { logger: silentLogger, clock: systemClock },
    );
    const axon = await openAxon(messageRoutes((x, signal) => pool.infer({ x }, signal)));
    const close = async () => {
      await axon.drain(1_000);
      await pool.close();
    };
    return { port: axon.port, close };
  },
  /** The whole axon, but no signature is checked or made, and nothing is hashed for one. */
  unsigned: async () => serving(await openAxon([echoRoute], unsigned)),
  /** The whole axon, which reads a tensor of any size and answers with little. */
  tensors: async (protocol) =>
    serving(await openAxon(firstNumber(), protocol === "unsigned" ? unsigned : btauth)),
  /** What a server without any of our checks does with the same body. */
  fastify: async () => {
    const server = fastify({ logger: false });
    server.post("/bench/ask", async (request) => request.body);
    await server.listen({ host: "127.0.0.1", port: 0 });
    const { port } = server.server.address() as { port: number };
    return { port, close: () => server.close() };
  },
  /** Verifies for so many milliseconds of CPU for each line it is sent, and says how many it did. */
  verify: async () => {
    const [signer, message] = [Keypair.fromUri("//Alice"), Buffer.alloc(256, 7)];
    const signature = signer.sign(message);
    process.stdin.on("data", () => {
      const [start, until] = [process.cpuUsage(), 1_000_000];
      let done = 0;
      let used = 0;
      while (used < until) {
        for (let i = 0; i < 50; i += 1) verifyByWasmCrypto(message, signature, signer.publicKey);
        done += 50;
        const { user, system } = process.cpuUsage(start);
        used = user + system;
      }
      process.stdout.write(`${JSON.stringify({ perSecond: (done / used) * 1e6 })}\n`);
    });
    return { port: 0, close: async () => undefined };
  },
};

const echoRoute: SignedRoute = {
  ...{ method: "POST", path: "/bench/ask", accepts: ["btauth/1"], timeoutMs: 10_000 },
  ...{ maxRequestBytes: 2 ** 20, maxResponseBytes: 2 ** 20 },
  answer: async ({ body }) => {
    const asked = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
    const answer = Buffer.from(JSON.stringify(asked));
    return { status: 200, contentType: "application/json; charset=utf-8", body: answer };
  },
};

/** Takes every claim for proven, by a convention whose replies are not signed. */
const unsigned: Protocol = {
  ...btauth,
  verify: ({ sender, scheme, nonce }) =>
    ({ ok: true, protocol: "epistula/2", sender, scheme, nonce, requestHash: "" }) as VerifiedRequest,
};

function messageRoutes(
  infer: (x: Tensor, signal: AbortSignal) => Promise<Record<string, Tensor>>,
): SignedRoute[] {
  const ask = {
    ...{ timeoutMs: 10_000, maxRequestBytes: 2 ** 21, maxResponseBytes: 2 ** 21 },
    ...{ createRequest: () => ({}), parseRequest: (message: Message) => message },
    ...{ parseResponse: (message: Message) => message, answer: async () => ({}) },
  };
  const answering = {
    answer: async (_name: string, { x }: Message, _caller: string, signal: AbortSignal) =>
      (await infer(x as Tensor, signal)) as Message,
  };
  return templateRoutes({ id: "bench", synapses: { ask } }, answering);
}

function firstNumber(): SignedRoute[] {
  return messageRoutes(async (x) => ({ y: { ...x, shape: [1], data: x.data.slice(0, 1) } as Tensor }));
}

async function openAxon(routes: AxonWork["routes"], protocol: Protocol = btauth): Promise<Axon> {
  await keysReady();
  const [miner, caller] = [Keypair.fromUri("//Bob"), Keypair.fromUri("//Alice")];
  const hotkeys = new Map([[caller.address, { stakeRao: 1n, validatorPermit: true }]]);
  const view = () => ({ seenAtMs: Date.now(), hotkeys });
  const unlimited = { callerPerSecond: 1e9, callerBurst: 1e9 };
  const axon = await Axon.listen(
    { host: "127.0.0.1", port: 0, protocols: [protocol], limits: unlimited },
    {
      signer: miner,
      ...{ policy: DEFAULT_CALLER_POLICY, view, renewedView: async () => view() },
      ...{ logger: silentLogger, clock: systemClock, metrics: new MinerMetrics("bench") },
    },
  );
  const store = new ReplayStore({
    ...{
      windows: { "btauth/1": DEFAULT_WINDOW, "epistula/2": DEFAULT_WINDOW },
      claimDelayNs: 5_000_000_000n,
    },
    ...{ startedNs: BigInt(Date.now() - 60_000) * 1_000_000n, maxEntries: 1_000_000 },
  });
  axon.serve({ routes, store, isReady: () => true });
  return axon;
}

function serving(axon: Axon): { port: number; close(): Promise<void> } {
  return { port: axon.port, close: () => axon.drain(1_000) };
}

letHeapGrow(); // as `miner serve` does
await keysReady();
const [name = "", ...words] = process.argv.slice(2);
const { port, close } = await PARTS[name]!(...words);
process.stdout.write(`${JSON.stringify({ port })}\n`);
process.stdin.resume().once("end", async () => {
  await Promise.race([close(), delay(5_000)]);
  process.exit(0);
});
