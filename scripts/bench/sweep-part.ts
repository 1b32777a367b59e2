import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createAnswering } from "../../miner/answering.ts";
import { Axon } from "../../miner/axon.ts";
import { DEFAULT_CALLER_POLICY } from "../../miner/caller-policy.ts";
import { templateRoutes } from "../../miner/template-routes.ts";
import { v10Routes } from "../../miner/v10-route.ts";
import { systemClock } from "../../shared/clock.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { KnownKeyVerifier } from "../../shared/keys/sr25519/known-key-verifier.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { QueueScope } from "../../shared/queue/job-ids.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { btauth, DEFAULT_WINDOW } from "../../shared/wire/btauth.ts";
import { encodeMessage } from "../../shared/wire/message.ts";
import { PROTOCOLS } from "../../shared/wire/protocols.ts";
import { ReplayStore } from "../../shared/wire/replay-store.ts";
import { synapseRoute } from "../../shared/wire/route.ts";
import type { Asker, Target } from "../../validator/asking.ts";
import { Dendrite } from "../../validator/dendrite.ts";
import { V10Dendrite } from "../../validator/v10-dendrite.ts";
import { startWorker } from "../../validator/worker.ts";
import { LoopLag } from "./loop-lag.ts";
import { sweepKey } from "./sweep-subnet.ts";
import { sweepTemplate } from "./sweep-template.ts";

/*
 * The processes of the benchmark of a sweep. Each says one JSON line when it is ready, answers each line of its input with
 * another one, and ends with its input.
 */

const template = sweepTemplate as unknown as SubnetTemplate;

/** The same as the dendrite of Python. */
const TIMEOUT_MS = 60_000;

const SILENT_SHARE = 0.3;
const DRIPPING_SHARE = 0.05;
const DRIP_MS = 50;

/** One for all axons of a process: its tables are large. */
const verifier = new KnownKeyVerifier({ maxKeys: 16 });

type Part = { ready: unknown; onLine(line: string): Promise<unknown> | unknown; close(): Promise<unknown> };

const PARTS: Record<string, (...words: string[]) => Promise<Part>> = {
  /** A real axon for each uid from the first to before the last, each with a key and a port of its own; and beside some a bad one. */
  axons: async (first, last, caller) => {
    const uids = Array.from({ length: Number(last) - Number(first) }, (_, i) => Number(first) + i);
    const axons = await Promise.all(uids.map((uid) => openAxon(uid, caller!)));
    const bad = await Promise.all(uids.map(openBad));
    return {
      ready: { ports: axons.map(({ port }) => port), badPorts: bad.map((server) => server?.port) },
      onLine: () => ({}),
      close: () =>
        Promise.all([...axons.map((axon) => axon.drain(100)), ...bad.map((server) => server?.close())]),
    };
  },
  /** A worker as any other, but for the template. Each line: how late its event loop was since the last one. */
  worker: async (uri, scope, url) => {
    const stop = new AbortController();
    const stopped = startWorker(
      { scope: JSON.parse(scope!) as QueueScope, allowPrivate: true },
      {
        ...{ template, signer: Keypair.fromUri(uri!), logger: silentLogger, signal: stop.signal },
        connect: { url: url!, logger: silentLogger },
      },
    );
    const lag = new LoopLag();
    return {
      ready: {},
      onLine: () => lag.read(),
      close: () => {
        stop.abort();
        return stopped;
      },
    };
  },
  /** A dendrite that asks everybody at once, again and again. Each line: how often. */
  dendrite: async (uri, protocol, targets) => {
    const signer = Keypair.fromUri(uri!);
    const policy = { allowPrivate: true };
    const dendrite = protocol === "v10" ? new V10Dendrite(signer, policy) : new Dendrite(signer, policy);
    const asked = (JSON.parse(targets!) as [string, number][]).map(
      ([hotkey, port]): Target => ({ hotkey, ip: "127.0.0.1", port }),
    );
    return {
      ready: {},
      onLine: async (line) => {
        let answered = 0;
        for (let round = 0; round < Number(line); round++) answered += await askAll(dendrite, asked);
        return { answered };
      },
      close: () => dendrite.close(),
    };
  },
};

async function askAll(dendrite: Asker, targets: readonly Target[]): Promise<number> {
  const { maxResponseBytes, v10 } = template.synapses.ask!;
  const body = encodeMessage({ x: Array.from({ length: 16 }, (_, i) => i + 0.5) });
  const question = {
    ...{ route: synapseRoute(template.id, "ask"), body, timeoutMs: TIMEOUT_MS, maxResponseBytes, v10 },
    untilMs: Date.now() + 2 * TIMEOUT_MS,
  };
  const replies = await Promise.all(targets.map((target) => dendrite.ask(target, question)));
  return replies.filter((reply) => reply?.ok).length;
}

async function openAxon(uid: number, caller: string): Promise<Axon> {
  const signer = sweepKey(uid);
  const hotkeys = new Map([[caller, { stakeRao: 1n, validatorPermit: true }]]);
  const view = () => ({ seenAtMs: Date.now(), hotkeys });
  const axon = await Axon.listen(
    {
      ...{ host: "127.0.0.1", port: 0, protocols: [btauth, PROTOCOLS.v10.protocol] },
      limits: { callerPerSecond: 1e6, callerBurst: 1e6 },
    },
    {
      ...{ signer, policy: DEFAULT_CALLER_POLICY, view, renewedView: async () => view() },
      ...{ logger: silentLogger, clock: systemClock },
      verifySr25519: (message, signature, publicKey) => verifier.verify(message, signature, publicKey, true),
    },
  );
  const windows = { "btauth/1": DEFAULT_WINDOW, v10: PROTOCOLS.v10.window };
  const store = new ReplayStore({
    ...{ windows, claimDelayNs: 5_000_000_000n, maxEntries: 100_000 },
    startedNs: BigInt(Date.now() - 60_000) * 1_000_000n,
  });
  const answering = createAnswering(template, { hotkey: signer.address, models: { get: () => undefined } });
  const routes = [...templateRoutes(template, answering), ...v10Routes(template, answering, signer.address)];
  axon.serve({ routes, store, isReady: () => true });
  return axon;
}

/** What listens in the place of an axon that went bad. */
async function openBad(uid: number): Promise<{ port: number; close(): Promise<void> } | undefined> {
  const place = (uid * 0.618_034) % 1; // spreads them over all uids
  if (place >= SILENT_SHARE + DRIPPING_SHARE) return undefined;
  const isSilent = place < SILENT_SHARE;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let timer: NodeJS.Timeout | undefined;
    socket.on("error", () => undefined); // the validator hung up
    socket.on("close", () => {
      clearInterval(timer);
      sockets.delete(socket);
    });
    socket.on("data", () => {
      if (isSilent || timer) return;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n");
      timer = setInterval(() => socket.write("x"), DRIP_MS);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port, close };
}

await keysReady();
const [name = "", ...words] = process.argv.slice(2);
const part = await PARTS[name]!(...words);
process.stdout.write(`${JSON.stringify(part.ready)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await part.onLine(line))}\n`);
}
await Promise.race([part.close(), delay(8_000)]);
process.exit(0);
