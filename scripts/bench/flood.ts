import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { SubforgeError } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { createNonceSource } from "../../shared/wire/nonce.ts";
import { messageBody, SMALL } from "./axon-requests.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { type BenchPart, startPart } from "./bench-part.ts";
import { quantile } from "./http-load.ts";

const ROUNDS = 3;
const ROUND_SECONDS = 5;
const HONEST_PER_SECOND = 50;
const FORGED_PER_SECOND = 2_000;
const JUNK_PER_SECOND = 10_000;
/** How far p99 may rise, and memory: what is asked, and what a garbage collector leaves lying about. */
const MOST_P99 = 2;
const MOST_MEMORY = 1.25;
/** Below this share of the attack nothing was shown: the attackers found no time on this machine. */
const ATTACK_REACHED = 0.9;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
/** Attackers share a core with the honest caller, who must not wait for them. */
const ATTACKER_NICENESS = 19;
const CONNECTIONS = 8;
const TARGET = "/bench/ask";
const nextNonce = createNonceSource();
const MODEL = "subnets/inference/models/shapes-95.onnx";

type Part = BenchPart<{ port: number }>;

/** Fifty honest signed requests a second, alone and in the middle of an attack, in turn. */
export async function benchFlood(): Promise<BenchCase[]> {
  await keysReady();
  const axon = await start("bench-axon", SERVER_CORE, 0, "model", join(packageRoot(), MODEL));
  const latency: Round[] = [];
  const memory: Round[] = [];
  const [forged, junk]: [Round[], Round[]] = [[], []];
  try {
    const { port } = axon.ready;
    await honest(port, 2);
    await underAttack(port, 2); // what an attack leaves behind once is no growth
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = axon.rssBytes();
      const quiet = await honest(port, ROUND_SECONDS);
      const attacked = await underAttack(port, ROUND_SECONDS);
      latency.push({ ours: attacked.p99Ms, peer: quiet });
      forged.push({ ours: FORGED_PER_SECOND, peer: attacked.forged });
      junk.push({ ours: JUNK_PER_SECOND, peer: attacked.junk });
      memory.push({ ours: axon.rssBytes() / 2 ** 20, peer: before / 2 ** 20 });
    }
  } finally {
    await axon.stop();
  }
  return [
    compareCosts("p99 of the honest in an attack, peer: without one", "ms", 1 / MOST_P99, latency),
    compareCosts("memory after an attack, peer: before it", "MiB", 1 / MOST_MEMORY, memory),
    compareCosts("forged requests: asked for, and begun", "per s", ATTACK_REACHED, forged),
    compareCosts("junk connections: asked for, and begun", "per s", ATTACK_REACHED, junk),
  ];
}

type Attacked = { p99Ms: number; forged: number; junk: number };

/** @returns The p99 of the honest, and how many attacks a second there were. */
async function underAttack(port: number, seconds: number): Promise<Attacked> {
  const attack = (kind: string, perSecond: number) =>
    start("bench-flood", CLIENT_CORE, ATTACKER_NICENESS, kind, String(port), String(perSecond));
  const attackers = [await attack("forged", FORGED_PER_SECOND), await attack("junk", JUNK_PER_SECOND)];
  const startedMs = performance.now();
  const p99Ms = await honest(port, seconds);
  const took = (performance.now() - startedMs) / 1_000;
  const [forged = 0, junk = 0] = await Promise.all(
    attackers.map(async (attacker) => {
      const count = attacker.nextLine();
      await attacker.stop();
      return (JSON.parse(await count) as { begun: number }).begun / took;
    }),
  );
  return { p99Ms, forged, junk };
}

/** Over connections that stay open, as a validator's are; none waits for another. */
async function honest(port: number, seconds: number): Promise<number> {
  const [signer, receiver] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob").address];
  const { body, type } = messageBody(SMALL, "binary");
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  const ask = async () => {
    const startedMs = performance.now();
    const signed = signRequest({
      signer,
      receiver,
      method: "POST",
      target: TARGET,
      body,
      nonce: nextNonce(),
    });
    const headers = { "content-type": type, ...signed };
    const reply = await pool.request({ path: TARGET, method: "POST", headers, body });
    const text = Buffer.from(await reply.body.arrayBuffer()).toString();
    if (reply.statusCode === 200) return performance.now() - startedMs;
    throw new SubforgeError("BENCH_USAGE", { problem: `an honest request was refused: ${text}` });
  };
  try {
    const latencies: Promise<number>[] = [];
    for (let i = 0; i < seconds * HONEST_PER_SECOND; i += 1) {
      latencies.push(ask().catch(() => Number.POSITIVE_INFINITY)); // refused or cut off: later than any answer
      await delay(1_000 / HONEST_PER_SECOND);
    }
    return quantile(Float64Array.from(await Promise.all(latencies)).sort(), 0.99);
  } finally {
    await pool.destroy();
  }
}

function start(
  entry: "bench-axon" | "bench-flood",
  core: number,
  niceness: number,
  ...words: string[]
): Promise<Part> {
  return startPart([process.execPath, processEntry(entry), ...words], { core, niceness });
}
