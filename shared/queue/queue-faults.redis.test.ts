import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Logger, silentLogger } from "../logger.ts";
import { RedisServers } from "./redis-server.test-kit.ts";
import { TaskQueue, type TaskQueueOptions } from "./task-queue.ts";

/* Rows of the fault matrix that need a Redis of their own to break; the others stand in task-queue.redis.test.ts. */

const KEY = new Uint8Array(32).fill(7);
const SCHEMA = z.strictObject({ n: z.number(), untilMs: z.number().optional() });
const QUICK = { lockMs: 1_000, stalledMs: 100, watchMs: 50, stuckMs: 300 };

const servers = new RedisServers();
let server: Awaited<ReturnType<RedisServers["start"]>>;
let names = 0;

beforeAll(async () => {
  server = await servers.start(["maxmemory-policy noeviction"]);
});
afterAll(() => servers.stop());

describe("a queue whose Redis fails", () => {
  it("Q1: a consumer that makes no progress although work waits is replaced, and then works", async () => {
    const { logger, events } = recorder();
    const queue = await open({ timing: QUICK, connect: { url: url(), logger } });
    const { taken, stop } = consume(queue);
    await expect.poll(() => server.admin.client("LIST")).toContain("bzpopmin");
    await server.admin.hset(`sf:{${queue.name}}:meta`, "paused", "1"); // BullMQ takes nothing, and says it is running
    await queue.add([job("a", 1)]);
    await expect.poll(() => events()).toContain("queue.consumer-replaced");
    await server.admin.hdel(`sf:{${queue.name}}:meta`, "paused");
    await expect.poll(() => taken).toEqual([1]);
    await stop();
  });

  it("Q3: goes on after every connection was cut while idle, without anybody adding anything", async () => {
    const queue = await open();
    const other = await open({ name: queue.name });
    const { taken, stop } = consume(queue);
    await expect.poll(() => server.admin.client("LIST")).toContain("bzpopmin");
    await server.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await expect
      .poll(() =>
        other.add([job("a", 1)]).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(() => taken).toEqual([1]);
    await stop();
    await other.close();
  });

  it("Q5: works on after FLUSHALL; what is added again is done once", async () => {
    const queue = await open();
    await queue.add([job("a", 1)]);
    await server.admin.flushall();
    expect(await queue.isLive("a")).toBe(false); // the planner sees that nobody works on it
    const { taken, stop } = consume(queue);
    await queue.add([job("a", 1)]);
    await expect.poll(() => taken).toEqual([1]);
    await server.admin.flushall(); // also while a consumer waits
    await queue.add([job("b", 2)]);
    await expect.poll(() => taken).toEqual([1, 2]);
    await stop();
  });

  it("Q6: refuses new work when memory is short, and loses nothing that waits", async () => {
    const queue = await open();
    await queue.add([job("a", 1), job("b", 2)]);
    const used = Number(/used_memory:(\d+)/.exec(await server.admin.info("memory"))![1]);
    await server.admin.config("SET", "maxmemory", String(Math.round(used / 0.95)));
    const second = await open({ name: queue.name });
    await expect(second.add([job("c", 3)])).rejects.toMatchObject({ code: "QUEUE_FULL", retryable: true });
    const { taken, stop } = consume(queue);
    await expect.poll(() => [...taken].sort()).toEqual([1, 2]); // workers may use the rest
    await server.admin.config("SET", "maxmemory", "1");
    const third = await queue.add([job("d", 4)]).catch((error) => error);
    expect(third).toMatchObject({ code: "QUEUE_FULL" });
    await server.admin.config("SET", "maxmemory", "0");
    await second.add([job("c", 3)]);
    await expect.poll(() => [...taken].sort()).toEqual([1, 2, 3]);
    await stop();
    await second.close();
  });

  it("Q7, Q8: a job whose worker lost it is done by another one, and the late result changes nothing", async () => {
    const queue = await open({ timing: QUICK });
    await queue.add([job("a", 1)]);
    const effects = new Set<string>();
    let executions = 0;
    let finishLate = () => {};
    const stop = new AbortController();
    const consuming = queue.consume(
      async (_, id) => {
        executions += 1;
        if (executions === 1) {
          await server.admin.del(`sf:{${queue.name}}:${id}:lock`); // as when its loop was blocked for too long
          await new Promise<void>((resolve) => {
            finishLate = resolve;
          });
        }
        effects.add(id); // kept by what was asked, not by who asked
      },
      { concurrency: 2, signal: stop.signal },
    );
    await expect.poll(() => effects.size).toBe(1);
    expect(executions).toBe(2);
    const finished = await server.admin.hget(`sf:{${queue.name}}:a`, "finishedOn");
    finishLate();
    stop.abort();
    await consuming;
    expect(await server.admin.hget(`sf:{${queue.name}}:a`, "finishedOn")).toBe(finished);
    expect([...effects]).toEqual(["a"]);
    await queue.close();
  });

  it("Q9: a dead letter can be looked at, tried again and thrown away", async () => {
    const queue = await open();
    await queue.add([job("poison", 1)]);
    let good = false;
    const { stop, taken } = consume(queue, () => {
      if (!good) throw new Error(`no\n good ${"x".repeat(1_000)}`);
    });
    await expect.poll(() => queue.deadLetters()).toMatchObject([{ id: "poison", tries: 3 }]);
    const [letter] = await queue.deadLetters();
    expect(letter!.reason).toMatch(/^no good x+$/);
    expect(letter!.reason.length).toBeLessThanOrEqual(300);
    expect(letter!.payloadHash).toMatch(/^[0-9a-f]{64}$/);
    good = true;
    expect(await queue.retryDead("poison")).toBe(true);
    await expect.poll(() => taken).toEqual([1]);
    expect(await queue.deadLetters()).toEqual([]);
    expect([await queue.retryDead("poison"), await queue.dropDead("none")]).toEqual([false, false]);
    await stop();
  });

  it("Q10: hosts whose clocks are minutes apart agree on how long a job has left", async () => {
    const [ahead, behind] = [600_000, -600_000].map((ms) => ({ nowMs: () => Date.now() + ms }));
    const name = "clocks";
    const sender = await open({ name, timeField: "untilMs", clock: ahead! });
    const receiver = await open({ name, timeField: "untilMs", clock: behind! });
    await sender.add([{ id: "a", payload: { n: 1, untilMs: ahead!.nowMs() + 30_000 } }]);
    expect((await sender.stats()).oldestMs).toBeLessThan(10_000);
    let leftMs = 0;
    const stop = new AbortController();
    await receiver.consume(
      async ({ untilMs }) => {
        leftMs = untilMs! - behind!.nowMs();
        stop.abort();
      },
      { concurrency: 1, signal: stop.signal },
    );
    expect(leftMs).toBeGreaterThan(20_000);
    expect(leftMs).toBeLessThan(31_000);
    await sender.close();
    await receiver.close();
  });
});

describe("a queue with too much or too urgent work", () => {
  it("refuses more jobs than may wait, and takes more when some are done", async () => {
    const queue = await open({ maxWaiting: 3 });
    await queue.add([job("a", 1), job("b", 2), job("c", 3)]);
    await expect(queue.add([job("d", 4)])).rejects.toMatchObject({ code: "QUEUE_FULL", retryable: true });
    const { taken, stop } = consume(queue);
    await expect.poll(() => taken.length).toBe(3);
    await expect
      .poll(() =>
        queue.add([job("d", 4)]).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await stop();
  });

  it("hands out later stages first, then short deadlines, whatever was added first", async () => {
    const queue = await open();
    const urgent = (id: string, n: number, later: boolean, leftMs: number) => ({
      ...job(id, n),
      urgency: { later, leftMs },
    });
    await queue.add([
      urgent("long", 4, false, 3_600_000),
      urgent("short", 3, false, 5_000),
      urgent("reveal", 2, true, 3_600_000),
      urgent("audit", 1, true, 5_000),
    ]);
    const { taken, stop } = consume(queue, () => undefined, { concurrency: 1 });
    await expect.poll(() => taken).toEqual([1, 2, 3, 4]);
    await stop();
  });

  it("begins no more jobs in a time than it was told, of all consumers together", async () => {
    const queue = await open();
    await queue.add([1, 2, 3, 4, 5].map((n) => job(`j-${n}`, n)));
    const rate = { max: 2, perMs: 60_000 };
    const { taken, stop } = consume(queue, () => undefined, { concurrency: 4, rate });
    await expect.poll(() => taken.length).toBe(2);
    expect(await queue.waiting()).toBe(3);
    await stop();
  });
});

it("T32: takes no name that could mean another key", async () => {
  await expect(open({ name: "a:b" })).rejects.toMatchObject({ code: "INTERNAL" });
  const queue = await open();
  for (const id of ["", "wait", "stalled", "meta", "12", "a:b", "a}b{", "a\nb", "*", "a".repeat(201)]) {
    await expect(queue.add([job(id, 1)])).rejects.toMatchObject({ code: "INTERNAL" });
  }
  expect(await queue.waiting()).toBe(0);
  await queue.close();
});

it("T31, T33: shows no payload in what it logs or throws when Redis refuses it", async () => {
  const { logger, shown } = recorder();
  const queue = await open({ connect: { url: url(), logger } });
  await server.admin.config("SET", "maxmemory", "1");
  const error = await queue.add([job("a", 424242424242)]).catch((e) => e);
  await server.admin.config("SET", "maxmemory", "0");
  expect(error).toMatchObject({ code: "QUEUE_FULL" });
  expect(inspect(error, { depth: 9 }) + shown()).not.toContain("424242424242");
  await queue.close();
});

function job(id: string, n: number): { id: string; payload: { n: number } } {
  return { id, payload: { n } };
}

function url(): string {
  return `redis://127.0.0.1:${server.port}`;
}

function open(options: Partial<TaskQueueOptions<typeof SCHEMA>> = {}): Promise<TaskQueue<typeof SCHEMA>> {
  const connect = { url: url(), logger: silentLogger };
  return TaskQueue.open({ name: `faults-${names++}`, schema: SCHEMA, key: KEY, connect, ...options });
}

function consume(
  queue: TaskQueue<typeof SCHEMA>,
  handler: () => void = () => undefined,
  options: { concurrency: number; rate?: { max: number; perMs: number } } = { concurrency: 2 },
): { taken: number[]; stop(): Promise<void> } {
  const taken: number[] = [];
  const abort = new AbortController();
  const consuming = queue.consume(
    async ({ n }) => {
      handler();
      taken.push(n);
    },
    { ...options, signal: abort.signal },
  );
  const stop = async () => {
    abort.abort();
    await consuming;
    await queue.close();
  };
  return { taken, stop };
}

function recorder(): { logger: Logger; events(): string[]; shown(): string } {
  const lines: unknown[][] = [];
  const write = (...words: unknown[]) => void lines.push(words);
  return {
    logger: { debug: write, info: write, warn: write, error: write } as Logger,
    events: () => lines.map(([event]) => String(event)),
    shown: () => inspect(lines, { depth: 9 }),
  };
}
