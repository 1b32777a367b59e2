import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { isSubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { BareQueue, redisCpuMs } from "../../shared/queue/bare-queue.ts";
import { startPrivateRedis } from "../../shared/queue/private-redis.ts";
import type { DispatchQueue, NewDispatchJob } from "../../shared/queue/queues.ts";
import type { NewJob } from "../../shared/queue/task-queue.ts";
import { toPriority } from "../../shared/queue/urgency.ts";
import { type BenchCase, compareCosts, compareRates, median, type Round } from "./bench-case.ts";
import { startPart } from "./bench-part.ts";
import { BENCH_URGENCY, benchJob, openBenchQueue, packBenchJob } from "./queue-jobs.ts";

const CONCURRENCY = 16;
const ROUNDS = 7;
const JOBS_PER_ROUND = 2_000;
/** Long enough that both processes work, short enough that a round takes seconds. */
const ASKING_MS = 40;
const SHARED_JOBS = 1_200;
const BACKLOGS = [1_000, 10_000, 100_000, 1_000_000];
const COST_JOBS = 1_000;
const COST_ROUNDS = 5;
const READINGS = 200;
const ALLOWED_GROWTH_MIB = 32;
const MIB = 2 ** 20;

/** Our queue against BullMQ alone on the same Redis, workers that share one, and what a backlog of a million costs. */
export async function benchQueue(): Promise<BenchCase[]> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-bench-"));
  const stop = new AbortController();
  const redis = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  try {
    const cases = [
      ...(await benchAgainstBare(redis.url)),
      await benchTwoWorkers(redis.url),
      ...(await benchBacklog(redis.url)),
    ];
    return cases;
  } finally {
    stop.abort();
    await redis.stopped;
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchAgainstBare(url: string): Promise<BenchCase[]> {
  const rates: Round[] = [];
  const costs: Round[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const ours = await measure(url, () => runOurs(url, `ours-${round}`));
    const peer = await measure(url, () => runBare(url, `bare-${round}`));
    if (round < 0) continue; // both have compiled what they run
    rates.push({ ours: ours.perSecond, peer: peer.perSecond });
    costs.push({ ours: ours.cpuUs, peer: peer.cpuUs });
  }
  const what = `${CONCURRENCY} at once, ${JSON.stringify(benchJob(0)).length} bytes each`;
  return [
    compareRates(`added and done, ${what}; peer: BullMQ alone`, "jobs/s", 0.8, rates),
    compareCosts("CPU of process and Redis per job; peer: BullMQ alone", "us", 0.8, costs),
  ];
}

/** Wall time and CPU time, ours and that of Redis, per job. */
async function measure(url: string, run: () => Promise<void>): Promise<{ perSecond: number; cpuUs: number }> {
  const redisBefore = await redisCpuMs({ url, logger: silentLogger });
  const [before, startMs] = [process.cpuUsage(), performance.now()];
  await run();
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  const redisMs = (await redisCpuMs({ url, logger: silentLogger })) - redisBefore;
  return {
    perSecond: (JOBS_PER_ROUND * 1_000) / wallMs,
    cpuUs: (user + system + redisMs * 1_000) / JOBS_PER_ROUND,
  };
}

async function runOurs(url: string, name: string): Promise<void> {
  const queue = await openBenchQueue(url, name);
  const { done, count } = countTo(JOBS_PER_ROUND);
  const consuming = queue.consume(async () => count(), { concurrency: CONCURRENCY, signal: done });
  for (let from = 0; from < JOBS_PER_ROUND; from += 100) {
    await addPatiently(
      queue,
      Array.from({ length: 100 }, (_, i) => ({
        id: `j-${from + i}`,
        payload: packBenchJob(benchJob(from + i)),
        urgency: BENCH_URGENCY,
      })),
    );
  }
  await consuming;
  await queue.close();
}

async function runBare(url: string, name: string): Promise<void> {
  const queue = new BareQueue(name, url);
  const { done, count } = countTo(JOBS_PER_ROUND);
  const consuming = queue.consume(async () => count(), { concurrency: CONCURRENCY, signal: done });
  const priority = toPriority(BENCH_URGENCY);
  for (let from = 0; from < JOBS_PER_ROUND; from += 100) {
    await queue.add(
      Array.from({ length: 100 }, (_, i) => ({ id: `j-${from + i}`, payload: benchJob(from + i), priority })),
    );
  }
  await consuming;
  await queue.close();
}

/** A crowded machine may not answer within a second. Adding again adds nothing twice. */
async function addPatiently(queue: DispatchQueue, jobs: readonly NewJob<NewDispatchJob>[]): Promise<void> {
  for (;;) {
    try {
      return await queue.add(jobs);
    } catch (error) {
      if (!isSubforgeError(error, "QUEUE_UNREACHABLE")) throw error;
    }
  }
}

function countTo(jobs: number): { done: AbortSignal; count: () => void } {
  const ended = new AbortController();
  let left = jobs;
  return {
    done: ended.signal,
    count: () => {
      left -= 1;
      if (left === 0) ended.abort();
    },
  };
}

/** Workers wait for miners most of their time, so that two do twice the work also where cores are few. */
async function benchTwoWorkers(url: string): Promise<BenchCase> {
  const rounds: Round[] = [];
  for (let round = 0; round < 3; round++) {
    const peer = await workersRate(url, 1, `one-${round}`);
    const ours = await workersRate(url, 2, `two-${round}`);
    rounds.push({ ours, peer });
  }
  const what = `two worker processes that wait ${ASKING_MS} ms per job, ${availableParallelism()} cores; peer: one`;
  return compareRates(what, "jobs/s", 1.7, rounds);
}

async function workersRate(url: string, workers: number, name: string): Promise<number> {
  const queue = await openBenchQueue(url, name);
  const parts = await Promise.all(
    Array.from({ length: workers }, () =>
      startPart<{ ready: true }>([
        process.execPath,
        processEntry("bench-queue"),
        url,
        name,
        String(CONCURRENCY / 2),
        String(ASKING_MS),
      ]),
    ),
  );
  const startMs = performance.now();
  const jobs = Array.from({ length: SHARED_JOBS }, (_, i) => ({
    id: `j-${i}`,
    payload: packBenchJob(benchJob(i)),
    urgency: BENCH_URGENCY,
  }));
  await addPatiently(queue, jobs);
  while (!(await queue.isIdle())) await new Promise((resolve) => setTimeout(resolve, 10));
  const wallMs = performance.now() - startMs;
  await Promise.all(parts.map((part) => part.stop()));
  await queue.close();
  return (SHARED_JOBS * 1_000) / wallMs;
}

/** What a job costs, and what the figures say, while more and more jobs wait. */
async function benchBacklog(url: string): Promise<BenchCase[]> {
  const queue = await openBenchQueue(url, "backlog");
  const small = (n: number) => {
    const job = benchJob(n);
    return packBenchJob({ ...job, targets: job.targets.slice(0, 1) });
  };
  const addMany = async (from: number, to: number) => {
    for (let at = from; at < to; at += 500) {
      const length = Math.min(500, to - at);
      await addPatiently(
        queue,
        Array.from({ length }, (_, i) => ({
          id: `w-${at + i}`,
          payload: small(at + i),
          urgency: BENCH_URGENCY,
        })),
      );
    }
  };
  const costs = new Map<number, number[]>();
  const before = { rss: rssMiB(), stats: 0 };
  let waiting = 0;
  let next = 0;
  let taken = 0;
  for (const backlog of BACKLOGS) {
    await addMany(next, next + backlog - waiting);
    next += backlog - waiting;
    waiting = backlog;
    const all: number[] = [];
    for (let round = 0; round < COST_ROUNDS; round++) {
      const redisBefore = await redisCpuMs({ url, logger: silentLogger });
      const cpuBefore = process.cpuUsage();
      await addMany(next, next + COST_JOBS);
      next += COST_JOBS;
      const { done, count } = countTo(COST_JOBS);
      const take = async () => {
        taken += 1;
        count();
      };
      await queue.consume(take, { concurrency: 1, signal: done });
      const { user, system } = process.cpuUsage(cpuBefore);
      const redisMs = (await redisCpuMs({ url, logger: silentLogger })) - redisBefore;
      all.push((user + system + redisMs * 1_000) / COST_JOBS);
      waiting = next - taken; // a job that was being taken when the signal came is gone too
    }
    costs.set(backlog, all);
  }
  const [fewest, most] = [BACKLOGS[0]!, BACKLOGS.at(-1)!];
  const [few, many] = [costs.get(fewest)!, costs.get(most)!];
  const counted = (await queue.stats()).jobs.waiting;
  const rssBefore = rssMiB();
  for (let reading = 0; reading < READINGS; reading++) await queue.stats();
  const grown = Math.max(0, rssMiB() - rssBefore);
  await queue.close();
  const number = (n: number) => n.toLocaleString("en");
  return [
    compareCosts(
      `CPU per job with ${number(most)} waiting; peer: with ${number(fewest)}`,
      "us",
      1 / 1.2,
      many.map((ours) => ({ ours, peer: median(few) })),
    ),
    compareRates(`${number(most)} waiting, counted by queue stats; peer: those added`, "jobs", 1, [
      { ours: counted, peer: waiting },
    ]),
    compareCosts(
      `growth of this process by ${READINGS} readings of a full queue; peer: what is allowed`,
      "MiB",
      1,
      [{ ours: grown + 1, peer: ALLOWED_GROWTH_MIB }],
    ),
    compareCosts(
      `this process after adding and counting ${number(most)} jobs; peer: before, and ${ALLOWED_GROWTH_MIB * 8} MiB`,
      "MiB",
      1,
      [{ ours: rssMiB(), peer: before.rss + ALLOWED_GROWTH_MIB * 8 }],
    ),
  ];
}

function rssMiB(): number {
  return process.memoryUsage().rss / MIB;
}
