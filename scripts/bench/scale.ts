import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { redisCpuMs } from "../../shared/queue/bare-queue.ts";
import { startPrivateRedis } from "../../shared/queue/private-redis.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import type { BenchCase } from "./bench-case.ts";
import { compareCosts, median } from "./bench-case.ts";
import { BENCH_URGENCY, benchJob, openBenchQueue, packBenchJob } from "./queue-jobs.ts";
import { type JobCost, type Outcome, simulateTempo, type Workload } from "./scale-model.ts";
import { countRpc, type RpcCost } from "./scale-rpc.ts";

const SUBNETS = 1_000;
/** A full subnet, each miner asked twenty times an epoch: 160 jobs of 32 miners. */
const MINERS = 256;
const TASKS = 20;
const TARGETS = 32;
const JOBS_PER_EPOCH = (MINERS / TARGETS) * TASKS;
const BLOCK_MS = 12_000;
const TEMPO_MS = 360 * BLOCK_MS;
/** The slowest of 32 miners; one that never answers costs the whole time it is given. */
const WAIT_MS = 12_000;
const CONCURRENCY = 8;
const WORKERS = [8, 16, 32, 64, 128];
/** Of one core, of Redis' thread, of what an endpoint gives: above it, waiting grows without warning. */
const SATURATED = 0.7;
/** A public endpoint gives about one request a second to an address; a node of one's own some thousand. */
const OWN_NODE_PER_S = 1_000;
const MEASURED_JOBS = 1_000;
const ROUNDS = 5;

type Report = { cases: BenchCase[]; report: string[] };

/**
 * A thousand subnets' worth of epochs on W workers: costs are measured here and now (a real Redis, real tags, real
 * signatures, the requests a real validator makes of a chain), the tempo is simulated job by job with them.
 */
export async function benchScale(): Promise<Report> {
  await keysReady();
  const rpc = await countRpc();
  const { cost, signMs } = await measureCosts();
  const load = (workers: number, subnets = SUBNETS): Workload => {
    return { subnets, jobsPerEpoch: JOBS_PER_EPOCH, tempoMs: TEMPO_MS, workers, concurrency: CONCURRENCY };
  };
  const rows = WORKERS.map((workers) => ({ workers, ...simulateTempo(cost, load(workers)) }));
  const enough = rows.find(
    ({ epochP99Ms, workerBusy }) => epochP99Ms < TEMPO_MS / 2 && workerBusy < SATURATED,
  );
  const perSecond = (rpc.perBlock / BLOCK_MS + rpc.perEpoch / TEMPO_MS) * 1_000;
  const what = `${SUBNETS} subnets of ${MINERS} miners, ${TASKS} tasks an epoch`;
  return {
    cases: [
      compareCosts(`${what}: share of Redis' thread; peer: ${SATURATED}`, "share", 1, [
        { ours: rows[0]!.redisBusy, peer: SATURATED },
      ]),
      compareCosts(`${what}: chain requests a second; peer: ${SATURATED} of a node of one's own`, "1/s", 1, [
        { ours: perSecond * SUBNETS, peer: OWN_NODE_PER_S * SATURATED },
      ]),
      compareCosts(
        `${what}: p99 of an epoch on ${enough?.workers ?? WORKERS.at(-1)} workers; peer: half a tempo`,
        "s",
        1,
        [{ ours: (enough ?? rows.at(-1)!).epochP99Ms / 1_000, peer: TEMPO_MS / 2_000 }],
      ),
    ],
    report: [
      ...measuredTable(cost, signMs, rpc),
      ...workersTable(rows),
      ...saturationTable(cost, signMs, perSecond),
    ],
  };
}

/** CPU of one dispatch job and its answers, by place. */
async function measureCosts(): Promise<{ cost: JobCost; signMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-bench-"));
  const stop = new AbortController();
  const redis = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  try {
    const added: number[] = [];
    const taken: number[] = [];
    const served: number[] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const queue = await openBenchQueue(redis.url, `scale-${round}`);
      const redisBefore = await redisCpuMs({ url: redis.url, logger: silentLogger });
      const adding = cpuMs();
      for (let from = 0; from < MEASURED_JOBS; from += JOBS_PER_EPOCH) {
        const length = Math.min(JOBS_PER_EPOCH, MEASURED_JOBS - from);
        await queue.add(
          Array.from({ length }, (_, i) => ({
            id: `j-${from + i}`,
            payload: packBenchJob(benchJob(from + i)),
            urgency: BENCH_URGENCY,
          })),
        );
      }
      const between = cpuMs();
      const done = new AbortController();
      let left = MEASURED_JOBS;
      await queue.consume(
        async () => {
          left -= 1;
          if (left === 0) done.abort();
        },
        { concurrency: CONCURRENCY, signal: done.signal },
      );
      const after = cpuMs();
      const redisAfter = await redisCpuMs({ url: redis.url, logger: silentLogger });
      await queue.close();
      if (round < 0) continue; // warm
      added.push((between - adding) / MEASURED_JOBS);
      taken.push((after - between) / MEASURED_JOBS);
      served.push((redisAfter - redisBefore) / MEASURED_JOBS);
    }
    const signMs = measureSigning();
    const [addMs, takeMs, redisMs] = [median(added), median(taken), median(served)];
    // Answers go back as a job of about the same size: added by the worker, taken by the planner.
    const workerMs = takeMs + addMs + TARGETS * signMs;
    return {
      cost: { workerMs, plannerMs: addMs + takeMs, redisMs: 2 * redisMs, waitMs: WAIT_MS },
      signMs,
    };
  } finally {
    stop.abort();
    await redis.stopped;
    await rm(folder, { recursive: true, force: true });
  }
}

/** One question of 1 KB, as a dendrite signs it. */
function measureSigning(): number {
  const signer = Keypair.fromUri("//Alice");
  const receiver = Keypair.fromUri("//Bob").address;
  const body = Buffer.alloc(1_024, 7);
  const rounds: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const before = cpuMs();
    for (let i = 0; i < MEASURED_JOBS; i++) {
      const nonce = BigInt(round + 1) * 1_000_000n + BigInt(i);
      signRequest({ signer, receiver, method: "POST", target: "/bench/infer", body, nonce });
    }
    if (round >= 0) rounds.push((cpuMs() - before) / MEASURED_JOBS);
  }
  return median(rounds);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function measuredTable(cost: JobCost, signMs: number, rpc: RpcCost): string[] {
  return [
    `Measured on ${cpus()[0]?.model.trim()}, Node ${process.versions.node}:`,
    "",
    "| what | cost |",
    "| --- | --- |",
    `| one question signed | ${signMs.toFixed(3)} ms of CPU |`,
    `| one job of ${TARGETS} miners and its answers, worker | ${cost.workerMs.toFixed(2)} ms of CPU |`,
    `| the same, Redis (one thread) | ${cost.redisMs.toFixed(3)} ms |`,
    `| the same, planner | ${cost.plannerMs.toFixed(2)} ms |`,
    `| chain, per subnet | ${rpc.perBlock.toFixed(0)} requests a block and ${rpc.perEpoch.toFixed(0)} an epoch |`,
    "",
  ];
}

function workersTable(rows: (Outcome & { workers: number })[]): string[] {
  return [
    `${SUBNETS} subnets, ${MINERS} miners, ${TASKS} tasks an epoch, the slowest miner of a job after ${WAIT_MS / 1_000} s, ${CONCURRENCY} jobs in hand per worker:`,
    "",
    "| workers | epoch p50 | epoch p99 | CPU of a worker | Redis' thread |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map(
      ({ workers, epochP50Ms, epochP99Ms, workerBusy, redisBusy }) =>
        `| ${workers} | ${seconds(epochP50Ms)} | ${seconds(epochP99Ms)} | ${percent(workerBusy)} | ${percent(redisBusy)} |`,
    ),
    "",
  ];
}

function saturationTable(cost: JobCost, signMs: number, rpcPerSecond: number): string[] {
  const jobsPerMs = JOBS_PER_EPOCH / TEMPO_MS;
  const at = (share: number) => Math.floor(SATURATED / share).toLocaleString("en");
  const signing = jobsPerMs * TARGETS * signMs;
  return [
    `Full at ${percent(SATURATED)} of each:`,
    "",
    "| what | one subnet takes | subnets that fill it | then |",
    "| --- | --- | --- | --- |",
    `| Redis' thread | ${percent(jobsPerMs * cost.redisMs)} | ${at(jobsPerMs * cost.redisMs)} | a second Redis, or a cluster: queues spread over nodes by themselves |`,
    `| a core that signs | ${percent(signing)} | ${at(signing)} | workers, here or elsewhere |`,
    `| a core that plans | ${percent(jobsPerMs * cost.plannerMs)} | ${at(jobsPerMs * cost.plannerMs)} | another validator process for other subnets |`,
    `| a public endpoint (1 request/s) | ${percent(rpcPerSecond)} | ${at(rpcPerSecond)} | a node of one's own |`,
    `| a node of one's own (${OWN_NODE_PER_S}/s) | ${percent(rpcPerSecond / OWN_NODE_PER_S)} | ${at(rpcPerSecond / OWN_NODE_PER_S)} | a second node, named as another --network |`,
    "",
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : value.toPrecision(1)} %`;
}
