import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { openJournal } from "../../shared/journal/journal.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { processEntry } from "../../shared/process-entry.ts";
import type { Json } from "../../shared/types.ts";
import { ResultSigner } from "../../validator/results/result-signer.ts";
import { type BenchCase, compareCosts, compareRates, type Round } from "./bench-case.ts";
import { type BenchPart, startPart } from "./bench-part.ts";
import { httpLoad, quantile } from "./http-load.ts";

const ROUNDS = 5;
const READS = 20_000;
const CONNECTIONS = 32;
/** Servers have one core, and whoever asks them has another. */
const SERVER_CORE = 0;
/** What is promised: reads a second of one core, and 99 of 100 reads within so many milliseconds. */
const PROMISED = { readsPerS: 1_000, p99Ms: 20 };
/** Of what Node itself can send, so much must be left. */
const OF_BARE = 0.75;
const WORKERS = 38;
const PATH = "/topics/2-0-bench/latest";

type Server = BenchPart<{ port: number }>;

/** Reads of one forecast with the weights of 32 inferers and 6 forecasters, in CPU time of the server's process. */
export async function benchConsumer(): Promise<{ cases: BenchCase[]; report: string[] }> {
  await keysReady();
  const folder = await mkdtemp(join(tmpdir(), "subforge-bench-"));
  try {
    await writeJournal(join(folder, "journal.db"));
    const ours = await startServer("results", folder);
    const bytes = await bodyBytes(ours.ready.port);
    const bare = await startServer("bare", String(bytes));
    try {
      return { cases: await compare(ours, bare, bytes), report: [] };
    } finally {
      await Promise.all([ours.stop(), bare.stop()]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compare(ours: Server, bare: Server, bytes: number): Promise<BenchCase[]> {
  const rounds: Record<"promised" | "bare" | "p99", Round[]> = { promised: [], bare: [], p99: [] };
  for (const server of [ours, bare]) await read(server); // compilers
  for (let round = 0; round < ROUNDS; round++) {
    const us = await read(ours);
    const them = await read(bare);
    rounds.promised.push({ ours: us.perCoreS, peer: PROMISED.readsPerS });
    rounds.bare.push({ ours: us.perCoreS, peer: them.perCoreS });
    rounds.p99.push({ ours: us.p99Ms, peer: PROMISED.p99Ms });
  }
  const what = `consumer reads of ${bytes} bytes`;
  return [
    compareRates(`${what}, against ${PROMISED.readsPerS} a second`, "1/s of a core", 1, rounds.promised),
    compareRates(`${what}, peer: bare node:http`, "1/s of a core", OF_BARE, rounds.bare),
    compareCosts(`p99 of ${CONNECTIONS} readers at once, against ${PROMISED.p99Ms} ms`, "ms", 1, rounds.p99),
  ];
}

async function read(server: Server): Promise<{ perCoreS: number; p99Ms: number }> {
  const request = Buffer.from(`GET ${PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  const requests = Array.from({ length: READS }, () => request);
  const before = server.cpuMs();
  const { refused, refusal, latenciesMs } = await httpLoad(server.ready.port, requests, CONNECTIONS);
  if (refused > 0)
    throw new SubforgeError("BENCH_USAGE", { problem: `${refused} reads were refused: ${refusal}` });
  const cpuS = (server.cpuMs() - before) / 1_000;
  return { perCoreS: READS / cpuS, p99Ms: quantile(latenciesMs, 0.99) };
}

function startServer(name: string, word: string): Promise<Server> {
  return startPart([process.execPath, processEntry("bench-forecast"), name, word], { core: SERVER_CORE });
}

async function bodyBytes(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${PATH}`);
  return (await response.arrayBuffer()).byteLength;
}

/** One epoch with one signed result. */
async function writeJournal(path: string): Promise<void> {
  const signer = Keypair.fromUri("//Bob");
  const genesis = `0x${"01".repeat(32)}` as const;
  const key = { netuid: 2, mechanism: 0, epoch: 7 };
  const journal = openJournal({ path, genesis, hotkey: signer.address });
  const context = {
    ...{ ...key, startBlock: 1, tempo: 10, validator: signer.address, participants: [] },
    beacon: new Uint8Array(32),
  };
  const stamp = { template: "bench", version: "1", config: {} };
  journal.epochs.plan(key, { ...stamp, context, jobs: [], stages: [] }, systemClock.nowMs());
  const facts: Json = { naive: 0.1234567890123, outlierResistant: 0.1234567890123, weights: weightsOfAll() };
  const result = { topic: "bench", nonce: 7, value: 0.1234567890123, ci: [0, 0.1, 0.2, 0.3] as const };
  const results = [{ ...result, validUntil: 31, facts }];
  journal.scores.close(key, { status: "scored", scores: [], evidence: [], state: {}, results });
  const signing = { results: journal.results, genesis, signer, clock: systemClock };
  await new ResultSigner({ ...signing, maySign: async () => true, onEvent: () => {} }).sign(2, 0);
  journal.close();
}

function weightsOfAll(): Record<string, number> {
  const hotkeys = Array.from({ length: WORKERS }, (_, i) => Keypair.fromUri(`//Worker//${i}`).address);
  return Object.fromEntries(hotkeys.map((hotkey, i) => [hotkey, 1 / (i + 3)]));
}
