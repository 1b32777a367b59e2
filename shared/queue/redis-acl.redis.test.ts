import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { silentLogger } from "../logger.ts";
import { aclRule } from "./acl-rule.ts";
import { announce, findAnnouncements } from "./announcement.ts";
import type { ConnectOptions } from "./connection.ts";
import { holdLease } from "./lease.ts";
import { RedisReplayStore } from "./redis-replay-store.ts";
import { RedisServers } from "./redis-server.test-kit.ts";
import { TaskQueue } from "./task-queue.ts";

const KEY = new Uint8Array(32);
const SCHEMA = z.strictObject({ n: z.number() });

const servers = new RedisServers();
let server: Awaited<ReturnType<RedisServers["start"]>>;
let connect: ConnectOptions;

beforeAll(async () => {
  const users = [
    "user default off",
    "user admin on >root ~* &* +@all",
    `user subforge on >secret ${aclRule()}`,
  ];
  server = await servers.start(users, { admin: { username: "admin", password: "root" } });
  connect = { url: `redis://subforge:secret@127.0.0.1:${server.port}`, logger: silentLogger };
});
afterAll(() => servers.stop());

describe("a user of Redis with the documented rule", () => {
  it("may do all that queues, leases, announcements and replay stores do, and nothing else", async () => {
    const { admin } = server;
    await admin.config("RESETSTAT");
    await workWithQueue("work");
    await workWithQueue("limited", { max: 2, perMs: 30 });
    await workWithLease();
    await workWithAnnouncements();
    await workWithReplayStore();
    expect(await admin.acl("LOG")).toEqual([]);
    const stats = await admin.info("commandstats");
    const called = [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name]) => name);
    const needNoRight = ["hello", "acl|log", "config|resetstat"];
    const rule = aclRule()
      .split(" ")
      .flatMap((word) => (/^\+/.test(word) ? word.slice(1) : []));
    expect(called.filter((name) => !needNoRight.includes(name!)).sort()).toEqual([...rule].sort());
  });

  it("may touch no other key, and nothing that endangers the server", async () => {
    const user = new Redis(connect.url);
    await expect(user.get("other")).rejects.toThrow(/NOPERM/);
    await expect(user.flushall()).rejects.toThrow(/NOPERM/);
    await expect(user.config("GET", "*")).rejects.toThrow(/NOPERM/);
    await expect(user.keys("*")).rejects.toThrow(/NOPERM/);
    await expect(user.publish("sf:x", "y")).rejects.toThrow(/NOPERM/);
    user.disconnect();
  });

  it("has the rule that the documentation and the file for Docker show", () => {
    const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    expect(read("docs/scale.md")).toContain(aclRule());
    expect(read("docs/scale.md")).toContain(aclRule({ cluster: true }).slice(aclRule().length).trim());
    expect(read("docker/redis-users.acl")).toContain(aclRule());
  });
});

/** Every way a job may take: done, urgent, doubled, failed, given up, tried again, thrown away, lost, handed back. */
async function workWithQueue(name: string, rate?: { max: number; perMs: number }): Promise<void> {
  const timing = { lockMs: 1_000, stalledMs: 100, watchMs: 50, stuckMs: 10_000 };
  const queue = await TaskQueue.open({ name, schema: SCHEMA, key: KEY, connect, timing });
  await queue.add([
    { id: "done", payload: { n: 1 } },
    { id: "urgent", payload: { n: 2 }, urgency: { later: true, leftMs: 5_000 } },
    { id: "poison", payload: { n: 3 } },
    { id: "slow", payload: { n: 4 } },
    { id: "lost", payload: { n: 5 } },
    { id: "newer", payload: { n: 6 } },
  ]);
  await queue.add([{ id: "slow", payload: { n: 1 } }]);
  expect(await queue.isLive("slow")).toBe(true);
  const newer = `sf:{${name}}:newer`;
  const data = (await server.admin.hget(newer, "data"))!;
  await server.admin.hset(newer, "data", JSON.stringify({ ...JSON.parse(data), v: 3 }));
  const abort = new AbortController();
  let tries = 0;
  const consuming = queue.consume(
    async ({ n }, id) => {
      if (n === 3) throw new Error("no good");
      if (n === 4) await new Promise((resolve) => setTimeout(resolve, 300));
      if (n !== 5 || tries++ > 0) return;
      await server.admin.del(`sf:{${name}}:${id}:lock`);
      await expect.poll(() => tries).toBe(2);
    },
    { concurrency: 6, signal: abort.signal, ...(rate && { rate }) },
  );
  await expect.poll(() => queue.deadLetters()).toMatchObject([{ id: "poison", reason: "no good" }]);
  expect(await queue.isLive("done")).toBe(false);
  expect(await queue.retryDead("poison")).toBe(true);
  await expect.poll(() => queue.deadLetters()).toMatchObject([{ id: "poison", reason: "no good" }]);
  expect(await queue.dropDead("poison")).toBe(true);
  expect(await queue.dropDead("poison")).toBe(false);
  await expect.poll(async () => Number(await server.admin.hget(newer, "ats"))).toBeGreaterThan(1);
  await server.admin.hset(newer, "data", data);
  await expect.poll(() => queue.isIdle()).toBe(true);
  abort.abort();
  await consuming;
  await queue.close();
}

async function workWithLease(): Promise<void> {
  const signal = new AbortController().signal;
  const lease = await holdLease("planner/x", { connect, signal, onWait: () => undefined });
  expect(await lease!.stillHeld()).toBe(true);
  await lease!.release();
}

async function workWithAnnouncements(): Promise<void> {
  const stop = new AbortController();
  const [genesis, template, config] = [`0x${"01".repeat(32)}` as const, "hello", {}];
  const announcing = announce(
    {
      genesis,
      validator: "5Grw",
      netuid: 1,
      template,
      version: "1",
      config,
      allowPrivate: true,
      protocol: "btauth/1",
    },
    KEY,
    { connect, signal: stop.signal },
  );
  await expect.poll(async () => (await findAnnouncements(connect)).length).toBe(1);
  stop.abort();
  await announcing;
  expect(await findAnnouncements(connect)).toEqual([]);
}

async function workWithReplayStore(): Promise<void> {
  const window = { maxAgeNs: 30_000_000_000n, skewNs: 2_000_000_000n };
  const windows = { "btauth/1": window } as never;
  const store = await RedisReplayStore.open({ connect, receiver: "5Grw", windows, claimDelayNs: 0n });
  const nonce = BigInt(Date.now() + 100_000) * 1_000_000n;
  expect(await store.claim("btauth1:5Grw:5Fx:1", nonce, "btauth/1")).toBe("new");
  expect(await store.claim("btauth1:5Grw:5Fx:1", nonce, "btauth/1")).toBe("seen");
  store.close();
}
