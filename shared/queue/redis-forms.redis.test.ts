import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Logger } from "../logger.ts";
import { silentLogger } from "../logger.ts";
import { aclRule } from "./acl-rule.ts";
import { announce, findAnnouncements } from "./announcement.ts";
import { connectRedis } from "./connection.ts";
import { holdLease } from "./lease.ts";
import { RedisServers } from "./redis-server.test-kit.ts";
import { TaskQueue } from "./task-queue.ts";

const KEY = new Uint8Array(32).fill(7);
const SCHEMA = z.strictObject({ n: z.number() });

/** Clusters and sentinels take seconds to form and to fail over: nightly, and for whoever works on them. */
const WHEN = "SUBFORGE_TEST_REDIS_FORMS=1";
const forms = describe.skipIf(process.env.SUBFORGE_TEST_REDIS_FORMS !== "1");

const servers = new RedisServers();
afterAll(() => servers.stop());

describe("Redis over TLS, with a user", () => {
  let url: (words: string, account?: string) => string;
  let files: { cert: string; key: string };

  beforeAll(async () => {
    files = servers.certificate();
    const lines = [
      ...[`tls-cert-file ${files.cert}`, `tls-key-file ${files.key}`, `tls-ca-cert-file ${files.cert}`],
      ...["tls-auth-clients yes", "user default off", `user subforge on >secret ${aclRule()}`],
      "user admin on >root ~* &* +@all",
    ];
    const [cert, key] = [readFileSync(files.cert), readFileSync(files.key)];
    const admin = { username: "admin", password: "root", tls: { ca: cert, cert, key } };
    const { port } = await servers.start(lines, { admin });
    url = (words, account = "subforge:secret") => `rediss://${account}@127.0.0.1:${port}?${words}`;
  });

  it("carries jobs with an authority, a client certificate and a server name of its own", async () => {
    const { cert, key } = files;
    await carriesJobs(url(`ca=${cert}&cert=${cert}&key=${key}&servername=queue.example`));
  });

  it.each([
    ["the authority is unknown", () => `cert=${files.cert}&key=${files.key}`, undefined],
    ["no certificate is shown", () => `ca=${files.cert}`, undefined],
    ["the certificate is another server's", () => `${trusted()}&servername=other.example`, undefined],
    ["the password is wrong", () => trusted(), "subforge:hunter2"],
    ["the user is unknown", () => trusted(), "nobody:hunter2"],
  ])("is refused when %s, and nobody shows a password", async (_, words, account) => {
    const { logger, shown } = recorder();
    const error = await connectRedis({ url: url(words(), account), logger }).catch((e) => e);
    expect(error).toMatchObject({ code: "QUEUE_UNREACHABLE" });
    expect(inspect(error, { depth: 9 }) + shown()).not.toMatch(/hunter2|secret/);
  });

  const trusted = () => `ca=${files.cert}&cert=${files.cert}&key=${files.key}`;
});

forms(`Redis as a cluster (${WHEN})`, () => {
  let url: string;
  let nodes: Awaited<ReturnType<RedisServers["start"]>>[];

  beforeAll(async () => {
    const lines = ["cluster-enabled yes", "cluster-node-timeout 2000", "cluster-require-full-coverage yes"];
    const users = [
      ...["user default off", "user admin on >root ~* &* +@all"],
      `user subforge on >secret ${aclRule({ cluster: true })}`,
    ];
    const admin = { username: "admin", password: "root" };
    nodes = await Promise.all([0, 1, 2].map(() => servers.start([...lines, ...users], { admin })));
    for (const [i, node] of nodes.entries()) {
      const [from, to] = [i * 5_462, Math.min(16_383, (i + 1) * 5_462 - 1)];
      await node.admin.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
      await node.admin.call("CLUSTER", "MEET", "127.0.0.1", String(nodes[0]!.port));
    }
    for (const { admin: link } of nodes) {
      await until(async () => String(await link.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
    }
    url = `redis+cluster://subforge:secret@${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }, 60_000);

  it("carries jobs of several queues, on several nodes, with the documented rights", async () => {
    await Promise.all(["one", "two", "three", "four", "five"].map((name) => carriesJobs(url, name)));
    const sizes = await Promise.all(nodes.map(({ admin }) => admin.dbsize()));
    expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(1);
  });

  it("is found by any of its nodes, when others named in the address are gone", async () => {
    await carriesJobs(`redis+cluster://subforge:secret@127.0.0.1:1,127.0.0.1:${nodes[2]!.port}`, "found");
  });

  it("holds leases and announcements", async () => {
    const connect = { url, logger: silentLogger };
    const stop = new AbortController();
    const lease = await holdLease("planner/x", { connect, signal: stop.signal, onWait: () => undefined });
    expect(await lease!.stillHeld()).toBe(true);
    await lease!.release();
    const who = { genesis: `0x${"01".repeat(32)}` as const, validator: "5Grw", netuid: 1, template: "hello" };
    const about = { version: "1", config: {}, allowPrivate: true, protocol: "btauth/1" as const };
    const announcing = announce({ ...who, ...about }, KEY, { connect, signal: stop.signal });
    await expect.poll(async () => (await findAnnouncements(connect)).length).toBe(1);
    stop.abort();
    await announcing;
  });

  it("is refused when it may throw jobs away on one node", async () => {
    const { admin } = nodes[1]!;
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    await expect(connectRedis({ url, logger: silentLogger })).rejects.toMatchObject({ code: "QUEUE_EVICTS" });
    await admin.config("SET", "maxmemory-policy", "noeviction");
  });
});

forms(`Redis with sentinels (${WHEN})`, () => {
  it("carries jobs before and after the master died", async () => {
    const common = ["requirepass secret", "masterauth secret", "repl-diskless-sync-delay 0"];
    const admin = { password: "secret" };
    const master = await servers.start(common, { admin });
    const replica = await servers.start([...common, `replicaof 127.0.0.1 ${master.port}`], { admin });
    await expect.poll(() => replica.admin.info("replication")).toContain("master_link_status:up");
    const sentinel = await servers.start(
      [
        ...["requirepass guard", `sentinel monitor jobs 127.0.0.1 ${master.port} 1`],
        ...["sentinel auth-pass jobs secret", "sentinel down-after-milliseconds jobs 500"],
        ...["sentinel failover-timeout jobs 3000"],
      ],
      { sentinel: true, admin: { password: "guard" } },
    );
    await expect
      .poll(async () => String(await sentinel.admin.call("SENTINEL", "replicas", "jobs")))
      .toContain(String(replica.port));
    const url = `redis+sentinel://:secret@127.0.0.1:1,127.0.0.1:${sentinel.port}/jobs?sentinel-password=guard`;
    const connect = { url, logger: silentLogger };
    const queue = await TaskQueue.open({ name: "failover", schema: SCHEMA, key: KEY, connect });
    const taken: number[] = [];
    const abort = new AbortController();
    const consuming = queue.consume(async ({ n }) => void taken.push(n), {
      concurrency: 2,
      signal: abort.signal,
    });
    await queue.add([{ id: "before", payload: { n: 1 } }]);
    await expect.poll(() => taken).toContain(1);
    process.kill(master.pid, "SIGKILL");
    await expect
      .poll(
        () =>
          queue.add([{ id: "after", payload: { n: 2 } }]).then(
            () => true,
            () => false,
          ),
        { timeout: 15_000 },
      )
      .toBe(true);
    await expect.poll(() => taken).toContain(2);
    expect(await replica.admin.info("replication")).toContain("role:master");
    abort.abort();
    await consuming;
    await queue.close();
  }, 60_000);

  it("T30: names a master elsewhere in vain: nothing is sent to it", async () => {
    const sentinel = await servers.start(["sentinel monitor jobs 192.0.2.1 6379 1"], { sentinel: true });
    const url = `redis+sentinel://:secret@127.0.0.1:${sentinel.port}/jobs`;
    await expect(connectRedis({ url, logger: silentLogger })).rejects.toMatchObject({
      code: "QUEUE_ADDRESS",
      message: expect.stringContaining("192.0.2.1"),
    });
  });
});

async function carriesJobs(url: string, name = "jobs"): Promise<void> {
  const queue = await TaskQueue.open({
    name,
    schema: SCHEMA,
    key: KEY,
    connect: { url, logger: silentLogger },
  });
  const taken: number[] = [];
  const abort = new AbortController();
  const consuming = queue.consume(
    async ({ n }) => {
      taken.push(n);
      if (taken.length === 3) abort.abort();
    },
    { concurrency: 2, signal: abort.signal },
  );
  await queue.add(
    [1, 2, 3].map((n) => ({ id: `j-${n}`, payload: { n }, urgency: { later: n > 1, leftMs: 9_000 } })),
  );
  await consuming;
  expect(taken.sort()).toEqual([1, 2, 3]);
  expect((await queue.stats()).jobs.waiting).toBe(0);
  await queue.close();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

function recorder(): { logger: Logger; shown(): string } {
  let text = "";
  const write = (...words: unknown[]) => {
    text += inspect(words, { depth: 9 });
  };
  return { logger: { debug: write, info: write, warn: write, error: write } as Logger, shown: () => text };
}
