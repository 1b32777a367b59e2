import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../keys/keypair.ts";
import { silentLogger } from "../logger.ts";
import { DEFAULT_WINDOW } from "../wire/btauth.ts";
import { unixNs } from "../wire/nonce.ts";
import { absent, memoryFor, playSequence, sequences } from "../wire/replay-vectors.test-kit.ts";
import { type PrivateRedis, startPrivateRedis } from "./private-redis.ts";
import { type RedisReplayOptions, RedisReplayStore } from "./redis-replay-store.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-replay-"));
const stop = new AbortController();
let server: PrivateRedis;
let admin: Redis;
let runId: string;
const open: RedisReplayStore[] = [];

beforeAll(async () => {
  await keysReady();
  server = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  admin = new Redis(server.url);
  admin.on("error", () => undefined); // it is killed below, on purpose
  await readRunId();
});
afterEach(async () => {
  for (const store of open.splice(0)) store.close();
  await admin.flushall();
});
afterAll(async () => {
  admin.disconnect();
  stop.abort();
  await server.stopped;
  rmSync(folder, { recursive: true, force: true });
});

async function openStore(options: Partial<RedisReplayOptions> = {}): Promise<RedisReplayStore> {
  const store = await RedisReplayStore.open({
    connect: { url: server.url, logger: silentLogger },
    receiver: "bob",
    windows: { "btauth/1": DEFAULT_WINDOW },
    claimDelayNs: 5_000_000_000n,
    clockSlackMs: 0,
    ...options,
  });
  open.push(store);
  return store;
}

async function readRunId(): Promise<void> {
  runId = /^run_id:(\w+)/m.exec(await admin.info("server"))![1]!;
}

/** As if this Redis had remembered everything since then. */
async function rememberSince(ms: number, ...receivers: string[]): Promise<void> {
  for (const receiver of receivers) await admin.set(`btauth1:${receiver}:started`, `${runId} ${ms}`);
}

const key = (nonce: bigint) => `btauth1:bob:alice:${nonce}`;
const claimNow = (store: RedisReplayStore, nonce = unixNs()) => store.claim(key(nonce), nonce, "btauth/1");

describe.skipIf(absent)(`a sequence of requests against the store in Redis${absent}`, () => {
  // It has no store of its own for each process, and its clock is the server's.
  const fitting = sequences.filter(({ store }) => store !== "per process");
  test.each(fitting)("$label", async (sequence) => {
    const hotkeys = [
      ...Object.values(sequence.self_hotkeys ?? {}),
      "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
    ];
    await rememberSince(Number(BigInt(sequence.store_started_ns ?? 0) / 1_000_000n), ...hotkeys);
    const stores = new Map<string, RedisReplayStore>();
    const opening = async () => {
      for (const name of sequence.processes ?? [""]) {
        const receiver = sequence.self_hotkeys?.[name] ?? hotkeys.at(-1)!;
        stores.set(name, await openStore({ receiver, ...memoryFor(sequence) }));
      }
    };
    if (sequence.expected_at_start) {
      await expect(opening()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
      return;
    }
    await opening();
    if (sequence.store === "down") for (const store of stores.values()) store.close();
    await playSequence(
      sequence,
      (name) => stores.get(name ?? "")!,
      () => undefined,
    );
  });
});

describe("the replay store in Redis", () => {
  test("T4: refuses what another process took, also after that process was killed", async () => {
    await rememberSince(0, "bob");
    const nonce = unixNs();
    const first = await openStore();
    expect(await claimNow(first, nonce)).toBe("new");
    expect(await claimNow(await openStore(), nonce)).toBe("seen");
    first.close();
    expect(await claimNow(await openStore(), nonce)).toBe("seen");
    const again = await Promise.all(Array.from({ length: 50 }, () => claimNow(open[1]!, nonce + 1n)));
    expect(again.filter((claim) => claim === "new")).toHaveLength(1);
  });

  test("forgets by itself, after the window, the body's time and a second", async () => {
    await rememberSince(0, "bob");
    const nonce = unixNs();
    await claimNow(await openStore(), nonce);
    const left = await admin.pttl(key(nonce));
    expect(left).toBeGreaterThan(17_000);
    expect(left).toBeLessThanOrEqual(18_001);
    expect(await admin.pttl("btauth1:bob:started")).toBe(-1);
  });

  test("T4: after a lost memory, refuses everything that may have been taken before", async () => {
    await rememberSince(0, "bob");
    const store = await openStore();
    const nonce = unixNs();
    expect(await claimNow(store, nonce)).toBe("new");
    await admin.flushall();
    expect(await claimNow(store, nonce)).toBe("warming-up");
    expect(await claimNow(store, nonce + 1_000_000_000n)).toBe("warming-up"); // its clock may have been ahead
    expect(await claimNow(store, unixNs() + 2_100_000_000n)).toBe("new");
    expect(store.floorNs).toBeGreaterThan(nonce + 2_000_000_000n - 1_000_000n);
  });

  test("M14, T4: refuses while Redis is away, comes back by itself, and trusts nothing from before", async () => {
    await rememberSince(0, "bob");
    const store = await openStore();
    const nonce = unixNs();
    expect(await claimNow(store, nonce)).toBe("new");
    process.kill(server.pid()!, "SIGKILL");
    await expect.poll(() => claimNow(store)).toBe("unavailable");
    await expect.poll(() => claimNow(store, unixNs() + 4_000_000_000n)).toBe("new");
    // The server syncs once a second: the last writes before a kill may be gone, whatever its file still holds.
    expect(await claimNow(store, nonce)).toBe("warming-up");
    await expect.poll(() => admin.ping().catch(() => "")).toBe("PONG");
    await readRunId();
  });

  test("M14: answers within its deadline while Redis hangs", async () => {
    await rememberSince(0, "bob");
    const store = await openStore();
    process.kill(server.pid()!, "SIGSTOP");
    try {
      expect(await Promise.all([claimNow(store), claimNow(store)])).toEqual(["unavailable", "unavailable"]);
    } finally {
      process.kill(server.pid()!, "SIGCONT");
    }
    await expect.poll(() => claimNow(store)).toBe("new");
  });

  test("is not opened over a Redis that may throw keys away, and stops using one that begins to", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    await expect(openStore()).rejects.toMatchObject({ code: "QUEUE_EVICTS" });
    await admin.config("SET", "maxmemory-policy", "noeviction");
    await rememberSince(0, "bob");
    const store = await openStore();
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await expect.poll(() => claimNow(store)).toBe("unavailable");
    await admin.config("SET", "maxmemory-policy", "noeviction");
    await expect.poll(() => claimNow(store)).toBe("new");
  });

  test("says that nobody is there, without the password of the address", async () => {
    const connect = { url: "redis://:hunter2@127.0.0.1:1", logger: silentLogger };
    const error = await openStore({ connect }).catch((problem: unknown) => problem);
    expect(error).toMatchObject({ code: "REPLAY_STORE_UNREACHABLE" });
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });
});
