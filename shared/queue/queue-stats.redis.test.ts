import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { silentLogger } from "../logger.ts";
import { startPrivateRedis } from "./private-redis.ts";
import { readQueueStats } from "./queue-stats.ts";
import { TaskQueue } from "./task-queue.ts";

const SCHEMA = z.strictObject({ n: z.number() });
const folder = mkdtempSync(join(tmpdir(), "subforge-redis-"));
const stop = new AbortController();
let server: Awaited<ReturnType<typeof startPrivateRedis>>;
let admin: Redis;

beforeAll(async () => {
  server = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  stop.abort();
  await server.stopped;
  rmSync(folder, { recursive: true, force: true });
});

function open(name: string): Promise<TaskQueue<typeof SCHEMA>> {
  const connect = { url: server.url, logger: silentLogger };
  return TaskQueue.open({ name, schema: SCHEMA, key: new Uint8Array(32), connect });
}

it("Q12: tells how much waits, how long, and that nothing moves, of several queues together", async () => {
  const [first, second] = [await open("first"), await open("second")];
  expect(await readQueueStats([first, second])).toEqual({
    jobs: { waiting: 0, active: 0, delayed: 0, dead: 0 },
    oldestMs: undefined,
    progressAgeMs: expect.any(Number),
    stalled: 0,
    deadLetters: 0,
  });
  await first.add([
    { id: "a", payload: { n: 1 } },
    { id: "b", payload: { n: 2 } },
  ]);
  await second.add([{ id: "c", payload: { n: 3 } }]);
  const before = await readQueueStats([first, second]);
  expect(before.jobs.waiting).toBe(3);
  const after = await readQueueStats([first, second]);
  expect(after.progressAgeMs).toBeGreaterThan(before.progressAgeMs);
  expect(after.oldestMs).toBeGreaterThanOrEqual(before.oldestMs!);
  await first.close();
  await second.close();
});

it("Q12: counts a dead letter, and a job in work without a sign of life as stalled", async () => {
  const queue = await open("third");
  await queue.add([
    { id: "held", payload: { n: 1 } },
    { id: "poison", payload: { n: 2 } },
  ]);
  const abort = new AbortController();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const consuming = queue.consume(
    async ({ n }) => {
      if (n === 2) throw new Error("no good");
      await held;
    },
    { concurrency: 2, signal: abort.signal },
  );
  await expect.poll(async () => (await queue.stats()).deadLetters).toBe(1);
  const [lock] = await admin.keys("*third*:held:lock");
  await admin.del(lock!);
  const stats = await queue.stats();
  expect(stats).toMatchObject({ jobs: { active: 1, waiting: 0, dead: 1 }, stalled: 1 });
  release();
  abort.abort();
  await consuming;
  await queue.close();
});
