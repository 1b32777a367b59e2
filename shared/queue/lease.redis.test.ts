import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../logger.ts";
import { connectRedis, type RedisLink } from "./connection.ts";
import { holdLease, type Lease } from "./lease.ts";
import { type PrivateRedis, startPrivateRedis } from "./private-redis.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-lease-"));
const stop = new AbortController();
let server: PrivateRedis;
let link: RedisLink;

beforeAll(async () => {
  server = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  link = await connectRedis({ url: server.url, logger: silentLogger });
});
afterAll(async () => {
  link.close();
  stop.abort();
  await server.stopped;
  rmSync(folder, { recursive: true, force: true });
});

describe("a lease", () => {
  it("is one planner's; the next waits, is told for whom, and gets it with a larger token", async () => {
    const first = await hold("a");
    const waited: string[] = [];
    const second = hold("a", { onWait: (holder) => void waited.push(holder) });
    await expect.poll(() => waited).toEqual([expect.stringMatching(/\/\d+$/)]);
    await first.release();
    expect(first.lost.aborted).toBe(false);
    expect(await first.stillHeld()).toBe(false);
    expect((await second).token).toBeGreaterThan(first.token);
    await (await second).release();
  });

  it("survives a Redis that forgot everything, and a token never falls", async () => {
    const first = await hold("b");
    await link.redis.flushall();
    expect(await first.stillHeld()).toBe(true);
    await first.release();
    await link.redis.flushall();
    const second = await hold("b");
    expect(second.token).toBeGreaterThan(first.token);
    await second.release();
  });

  it("that went to another planner while Redis forgot is lost for good", async () => {
    const first = await hold("c");
    await link.redis.flushall();
    const second = await hold("c");
    expect(await first.standing()).toBe("lost");
    expect(first.lost.aborted).toBe(true);
    expect(first.isHeld()).toBe(false);
    expect(await second.stillHeld()).toBe(true);
    for (const lease of [first, second]) await lease.release();
  });

  it("of a Redis that says nothing is not known to be held, and is not lost either", async () => {
    const lease = await hold("d", { ttlMs: 2_000 });
    await link.redis.call("CLIENT", "PAUSE", "1500", "ALL");
    expect(await lease.standing()).toBe("unknown");
    expect(lease.lost.aborted).toBe(false);
    await expect.poll(() => lease.standing()).toBe("held");
    await lease.release();
  });

  it("is waited for until the signal aborts", async () => {
    const lease = await hold("e");
    const waiting = new AbortController();
    const options = { connect: { url: server.url, logger: silentLogger }, signal: waiting.signal };
    expect(await holdLease("e", { ...options, onWait: () => waiting.abort() })).toBeUndefined();
    await lease.release();
  });
});

async function hold(
  name: string,
  { onWait = () => undefined, ttlMs = 8_000 }: { onWait?: (holder: string) => void; ttlMs?: number } = {},
): Promise<Lease> {
  const connect = { url: server.url, logger: silentLogger };
  return (await holdLease(name, { connect, signal: stop.signal, ttlMs, onWait }))!;
}
