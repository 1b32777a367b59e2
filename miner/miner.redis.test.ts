import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { type PrivateRedis, startPrivateRedis } from "../shared/queue/private-redis.ts";
import { startTestMiner } from "./miner.test-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-miner-redis-"));
const stop = new AbortController();
let server: PrivateRedis;
let admin: Redis;

beforeAll(async () => {
  await keysReady();
  server = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  stop.abort();
  await server.stopped;
  rmSync(folder, { recursive: true, force: true });
});

const connections = async () =>
  String(await admin.client("LIST"))
    .trim()
    .split("\n").length;
const served = async () => Number(/total_connections_received:(\d+)/.exec(await admin.info("stats"))![1]);

test("a miner whose model cannot be loaded closes the replay store that was still opening", async () => {
  const before = await served();
  const start = startTestMiner({ modelPath: "/nowhere.onnx", replayStore: { url: server.url } });
  await expect(start).rejects.toMatchObject({ code: "MINER_MODEL_MISSING" });
  await expect.poll(served).toBe(before + 1); // it came nevertheless
  await expect.poll(connections).toBe(1); // and went
});
