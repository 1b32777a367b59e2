import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { silentLogger } from "../logger.ts";
import { connectRedis } from "./connection.ts";
import { KEY_PREFIX, keyName } from "./job-ids.ts";
import { type PrivateRedis, startPrivateRedis } from "./private-redis.ts";
import { sealJob } from "./sealed-job.ts";
import { TaskQueue } from "./task-queue.ts";

const KEY = new Uint8Array(32).fill(7);
const SCHEMA = z.strictObject({ n: z.number() });

const folder = mkdtempSync(join(tmpdir(), "subforge-redis-"));
const stop = new AbortController();
let server: PrivateRedis;
let admin: Redis;
let names = 0;

beforeAll(async () => {
  server = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  admin = new Redis(server.url);
  admin.on("error", () => undefined); // it is killed below, on purpose
});
afterAll(async () => {
  admin.disconnect();
  stop.abort();
  await server.stopped;
  rmSync(folder, { recursive: true, force: true });
});

describe("a queue", () => {
  it("hands each payload to one consumer, and the same id once while it waits", async () => {
    const queue = await open();
    await queue.add([job("a", 1), job("a", 2), job("b", 3)]);
    await queue.add([job("a", 4)]);
    const taken: number[] = [];
    await consumeUntil([queue, await open(queue.name)], (n) => taken.push(n) === 2);
    expect(taken.sort()).toEqual([1, 3]);
    expect(await queue.isLive("a")).toBe(false);
    await queue.close();
  });

  it("Q9: tries a failing job three times, and keeps what failed with its reason", async () => {
    const queue = await open();
    await queue.add([job("poison", 1), job("fine", 2)]);
    let tries = 0;
    await consumeUntil(
      [queue],
      (n) => {
        if (n === 2) return false;
        tries++;
        throw new Error("no good");
      },
      async () => (await queue.deadLetters()).length === 1,
    );
    expect(tries).toBe(3);
    expect(await queue.deadLetters()).toMatchObject([{ id: "poison", reason: "no good" }]);
    expect(await queue.isLive("poison")).toBe(false);
    await queue.close();
  });

  it("T31: never hands out a payload that somebody changed, or put there without our key", async () => {
    const queue = await open();
    await queue.add([job("changed", 1), job("moved", 2), job("fine", 3)]);
    const key = (id: string) => `${KEY_PREFIX}:${keyName(queue.name)}:${id}`;
    await admin.hset(key("changed"), "data", JSON.stringify(sealJob({ n: 9 }, KEY, "x")));
    await admin.hset(key("moved"), "data", (await admin.hget(key("fine"), "data"))!);
    const taken: number[] = [];
    await consumeUntil(
      [queue],
      (n) => taken.push(n) < 0,
      async () => (await queue.deadLetters()).length === 2,
    );
    expect(taken).toEqual([3]);
    expect((await queue.deadLetters()).map(({ reason }) => reason.split(":")[0])).toEqual([
      "QUEUE_JOB_TAMPERED",
      "QUEUE_JOB_TAMPERED",
    ]);
    await queue.close();
  });

  it("Q11: keeps a job of another release for a worker that knows it", async () => {
    const queue = await open();
    await queue.add([job("newer", 1)]);
    const key = `${KEY_PREFIX}:${keyName(queue.name)}:newer`;
    const data = JSON.parse((await admin.hget(key, "data"))!);
    await admin.hset(key, "data", JSON.stringify({ ...data, v: data.v + 1 }));
    await consumeUntil(
      [queue],
      () => false,
      async () => Number(await admin.hget(key, "ats")) > 1, // begun, handed back, and begun again
    );
    expect(await queue.isLive("newer")).toBe(true);
    expect(await queue.deadLetters()).toEqual([]);
    await queue.close();
  });

  it("Q1, Q4: fails an add quickly while Redis is away, and goes on by itself when Redis is back", async () => {
    const own = mkdtempSync(join(tmpdir(), "subforge-redis-"));
    const first = new AbortController();
    let redis = await startPrivateRedis({ folder: own, signal: first.signal, logger: silentLogger });
    const connect = { url: redis.url, logger: silentLogger };
    const queue = await TaskQueue.open({ name: "outage", schema: SCHEMA, key: KEY, connect });
    const taken: number[] = [];
    const abort = new AbortController();
    const consuming = queue.consume(async ({ n }) => void taken.push(n), {
      concurrency: 4,
      signal: abort.signal,
    });
    await queue.add([job("before", 1)]);
    await until(async () => taken.length === 1);
    first.abort();
    await redis.stopped;
    await expect(queue.add([job("during", 2)])).rejects.toMatchObject({ code: "QUEUE_UNREACHABLE" });
    const second = new AbortController();
    redis = await startPrivateRedis({ folder: own, signal: second.signal, logger: silentLogger });
    await until(() => succeeds(queue.add([job("after", 3)])));
    await until(async () => taken.length === 2);
    expect(taken).toEqual([1, 3]);
    abort.abort();
    await consuming;
    await queue.close();
    second.abort();
    await redis.stopped;
    rmSync(own, { recursive: true, force: true });
  });

  it("Q1: loses nothing that waits when Redis is killed and restarted by its supervisor", async () => {
    const queue = await open();
    await queue.add([job("a", 1), job("b", 2)]);
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // the log is synced once a second
    const pid = server.pid();
    process.kill(pid!, "SIGKILL");
    await until(async () => server.pid() !== pid && (await succeeds(queue.waiting())));
    const taken: number[] = [];
    await consumeUntil([queue], (n) => taken.push(n) === 2);
    expect(taken.sort()).toEqual([1, 2]);
    await queue.close();
  });

  it("Q2: ends its calls in time while Redis is frozen with open sockets", async () => {
    const queue = await open();
    process.kill(server.pid()!, "SIGSTOP");
    await expect(queue.add([job("frozen", 1)])).rejects.toMatchObject({ code: "QUEUE_UNREACHABLE" });
    process.kill(server.pid()!, "SIGCONT");
    await until(() => succeeds(queue.waiting()));
    await queue.close();
  });
});

it("carries jobs that OpenTelemetry follows, when that was asked for", async () => {
  const connect = { url: server.url, logger: silentLogger, trace: true };
  const queue = await TaskQueue.open({ name: "traced", schema: SCHEMA, key: KEY, connect });
  await queue.add([job("a", 1), job("b", 2)]);
  const taken: number[] = [];
  await consumeUntil([queue], (n) => taken.push(n) === 2);
  expect(taken.sort()).toEqual([1, 2]);
  await queue.close();
});

describe("the connection", () => {
  it.each([
    ["nobody listens", async () => `redis://127.0.0.1:${await closedPort()}`, "QUEUE_UNREACHABLE"],
    ["the password is wrong", async () => `redis://:wrong@127.0.0.1:${server.port}`, "QUEUE_UNREACHABLE"],
    ["it is no address", async () => "localhost", "QUEUE_ADDRESS"],
    ["another machine needs no password", async () => "rediss://queue.example", "QUEUE_ADDRESS"],
    ["another machine is asked in clear text", async () => "redis://:secret@queue.example", "QUEUE_ADDRESS"],
  ])("is refused when %s", async (_, url, code) => {
    await expect(connectRedis({ url: await url(), logger: silentLogger })).rejects.toMatchObject({ code });
  });

  it("is refused when somebody accepts and never answers", async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as { port: number };
    const url = `redis://127.0.0.1:${port}`;
    await expect(connectRedis({ url, logger: silentLogger })).rejects.toMatchObject({
      code: "QUEUE_UNREACHABLE",
    });
    mute.close();
  });

  it("Q6: is refused when Redis may drop jobs, and tells how to change that", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    await expect(connectRedis({ url: server.url, logger: silentLogger })).rejects.toMatchObject({
      code: "QUEUE_EVICTS",
      hint: expect.stringContaining("noeviction"),
    });
    await admin.config("SET", "maxmemory-policy", "noeviction");
  });

  it("never names the password", async () => {
    const url = `redis://:topsecret@127.0.0.1:${await closedPort()}`;
    const error = await connectRedis({ url, logger: silentLogger }).catch((e) => e);
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain("topsecret");
  });
});

describe("the private server", () => {
  it("stops the one that a killed predecessor left behind", async () => {
    const own = mkdtempSync(join(tmpdir(), "subforge-redis-"));
    const first = new AbortController();
    const left = await startPrivateRedis({ folder: own, signal: first.signal, logger: silentLogger });
    const second = new AbortController();
    const pid = left.pid();
    // The first supervisor would restart it, as it should: it is told to stop at the same moment.
    const started = startPrivateRedis({ folder: own, signal: second.signal, logger: silentLogger });
    first.abort();
    const next = await started;
    await left.stopped;
    expect(next.pid()).not.toBe(pid);
    second.abort();
    await next.stopped;
    rmSync(own, { recursive: true, force: true });
  });
});

function job(id: string, n: number): { id: string; payload: { n: number } } {
  return { id, payload: { n } };
}

function open(name = `test-${process.pid}-${names++}`): Promise<TaskQueue<typeof SCHEMA>> {
  return TaskQueue.open({
    name,
    schema: SCHEMA,
    key: KEY,
    connect: { url: server.url, logger: silentLogger },
  });
}

/** Consumes until the handler says so, or the condition holds. */
async function consumeUntil(
  queues: TaskQueue<typeof SCHEMA>[],
  handler: (n: number) => boolean,
  condition?: () => Promise<boolean>,
): Promise<void> {
  const abort = new AbortController();
  const consuming = queues.map((queue) =>
    queue.consume(
      async ({ n }) => {
        if (handler(n)) abort.abort();
      },
      { concurrency: 2, signal: abort.signal },
    ),
  );
  if (condition) {
    await until(condition);
    abort.abort();
  }
  await Promise.all(consuming);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
