import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { type PrivateRedis, startPrivateRedis } from "../../shared/queue/private-redis.ts";
import { tensor } from "../../shared/tensor.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { encodeMessage, MESSAGE_CONTENT_TYPE } from "../../shared/wire/message.ts";
import { unixNs } from "../../shared/wire/nonce.ts";
import { createDevSubnet, DEV_KEYS, devBalances, minerKeys } from "../dev/dev-subnet.ts";
import { childrenOf } from "../miner-process.ts";

const miner = "//Miner//1//hotkey";
const folder = mkdtempSync(join(tmpdir(), "subforge-replay-"));
const stopRedis = new AbortController();
const processes: ChildProcess[] = [];
let said = "";
let redis: PrivateRedis;
let node: LocalNode;
let netuid: number;

beforeAll(async () => {
  await keysReady();
  redis = await startPrivateRedis({ folder, signal: stopRedis.signal, logger: silentLogger });
  const miners = [minerKeys(1)];
  const genesis = { balances: devBalances(miners) };
  const mode = { kind: "interval" as const, ms: 500 };
  node = await startLocalNode({ port: 0, mode, genesis, logger: silentLogger });
  const chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  ({ netuid } = await createDevSubnet(chain, { tempo: 360, commitReveal: false, miners }));
  await chain.close();
}, 60_000);
afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  stopRedis.abort();
  await redis?.stopped;
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The address of the store comes by the environment: everybody on a machine can read arguments. */
async function serve(): Promise<{ child: ChildProcess; url: string; hotkey: string }> {
  const model = join(packageRoot(), "subnets/hello/models/sum.onnx");
  const words = ["miner", "serve", "--json", "--log-level", "debug", "--template", "hello", "--model", model];
  const where = [
    "--network",
    node.endpoint,
    "--netuid",
    String(netuid),
    "--port",
    "0",
    "--no-require-permit",
  ];
  const child = spawn(process.execPath, [processEntry("cli"), ...words, ...where, "--dev-key", miner], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: folder, SUBFORGE_REPLAY_REDIS: redis.url },
  });
  processes.push(child);
  child.stderr.on("data", (text: Buffer) => {
    said += text;
  });
  const [line] = await once(createInterface(child.stdout), "line");
  said += line;
  const { url, hotkey } = JSON.parse(String(line));
  return { child, url, hotkey };
}

function question(receiver: string): { headers: Record<string, string>; body: Uint8Array } {
  const body = encodeMessage({ x: tensor("float32", [1, 4], Float32Array.of(1, 2, 3, 4)), delayMs: 0 });
  const signer = Keypair.fromUri(DEV_KEYS.validatorHotkey);
  const headers = signRequest({
    signer,
    receiver,
    method: "POST",
    target: "/hello/ask",
    body,
    nonce: unixNs(),
  });
  return { headers: { ...headers, "content-type": MESSAGE_CONTENT_TYPE }, body };
}

/** @returns `answered`, or the code of the refusal. */
async function send(url: string, { headers, body }: ReturnType<typeof question>): Promise<string> {
  const reply = await request(`${url}/hello/ask`, { method: "POST", headers, body });
  const bytes = Buffer.from(await reply.body.arrayBuffer());
  return reply.statusCode === 200 ? "answered" : JSON.parse(bytes.toString()).code;
}

test("T4, M14, T33: processes of one hotkey share what they answered, also with a successor; none answers while Redis is away, and none tells its password", async () => {
  const [first, sibling] = await Promise.all([serve(), serve()]);
  const { hotkey } = first;
  const asked = question(hotkey);
  expect(await send(first.url, asked)).toBe("answered");
  expect(await send(sibling.url, asked)).toBe("BTAUTH_REPLAYED");
  first.child.kill("SIGKILL");
  const last = question(hotkey);
  expect(await send(sibling.url, last)).toBe("answered");

  const password = new URL(redis.url).password;
  for (const pid of childrenOf(sibling.child.pid!)) {
    for (const page of ["environ", "cmdline"])
      expect(readFileSync(`/proc/${pid}/${page}`, "latin1")).not.toContain(password);
  }
  expect(readFileSync(`/proc/${sibling.child.pid}/cmdline`, "latin1")).not.toContain(password);

  process.kill(redis.pid()!, "SIGKILL");
  await expect
    .poll(() => send(sibling.url, question(hotkey)))
    .toMatch(/BTAUTH_(STORE_UNAVAILABLE|WARMING_UP)/);
  expect(await send(sibling.url, asked)).not.toBe("answered");
  await expect.poll(() => send(sibling.url, question(hotkey)), { timeout: 20_000 }).toBe("answered"); // by itself
  const successor = await serve();
  for (const old of [asked, last]) expect(await send(successor.url, old)).not.toBe("answered");
  expect(await send(successor.url, question(hotkey))).toBe("answered");
  expect(said).toContain("replay-store");
  expect(said).not.toContain(password);
}, 90_000);
