import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { type Journal, openJournal } from "../../shared/journal/journal.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { OracleKey } from "../../shared/keys/oracle-key.ts";
import { silentLogger } from "../../shared/logger.ts";
import { resultPreimage, verifyResult } from "../../shared/rules/result-digest.ts";
import type { Hex } from "../../shared/types.ts";
import { ResultSigner } from "./result-signer.ts";
import { type ResultsServer, startResultsServer } from "./results-server.ts";

const GENESIS: Hex = `0x${"01".repeat(32)}`;
const TOPIC = "/topics/2-0-btc";

const folder = mkdtempSync(join(tmpdir(), "subforge-results-"));
let files = 0;
let hotkey: Keypair;
let oracleKey: OracleKey;
let path: string;
let journal: Journal;
let server: ResultsServer | undefined;
/** What the server takes for the time. */
let nowMs: number;

beforeAll(async () => {
  await keysReady();
  hotkey = Keypair.fromUri("//Bob");
  oracleKey = OracleKey.fromSeed(new Uint8Array(32).fill(5));
});
beforeEach(() => {
  path = join(folder, `${files++}.db`);
  journal = openJournal({ path, genesis: GENESIS, hotkey: hotkey.address });
  nowMs = 1_000_000;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  journal.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the consumer endpoint", () => {
  it("serves what was signed: value, band, facts, and signatures that anybody can check", async () => {
    await sign(7, 0.1);
    await start();
    const { status, headers, json } = await get(`${TOPIC}/latest`);
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain("application/json");
    expect(json).toMatchObject({
      ...{ topic: "2-0-btc", name: "btc", netuid: 2, mechanism: 0, epoch: 7, nonce: 7, value: 0.1 },
      ...{ ci: [0, 0.05, 0.2, 0.3], facts: { naive: 0.2, weights: { "5Miner": 1 } }, validUntil: 31 },
      record: {
        value: "100000000000000000",
        ci: ["0", "50000000000000000", "200000000000000000", "300000000000000000"],
      },
      ...{ domain: { name: "subforge result", version: "1", salt: GENESIS }, isStale: false },
      signatures: [
        { scheme: "sr25519", signer: hotkey.address },
        { scheme: "secp256k1", signer: oracleKey.address },
      ],
    });
    const { netuid, topic, epoch, value, ci, validUntil, nonce, signatures } = json;
    for (const by of signatures) {
      expect(verifyResult(GENESIS, { netuid, topic, epoch, value, ci, validUntil, nonce }, by)).toBe(true);
    }
    expect(resultPreimage(GENESIS, { netuid, topic, epoch, value, ci, validUntil, nonce })).toHaveLength(66);
    expect((await get("/topics")).json).toMatchObject({
      ...{ hotkey: hotkey.address, genesis: GENESIS },
      topics: [{ topic: "2-0-btc", name: "btc", nonce: 7, value: 0.1, isStale: false }],
    });
  });

  it("serves a newer result a moment after it was signed, and older ones by their nonce for good", async () => {
    await sign(7, 0.1);
    await start();
    const first = await get(`${TOPIC}/latest`);
    await sign(8, 0.2);
    await expect.poll(async () => (await get(`${TOPIC}/latest`)).json.nonce).toBe(8);
    const old = await get(`${TOPIC}/7`);
    expect(old.json).toEqual(first.json);
    expect(old.headers["cache-control"]).toContain("immutable");
    expect((await get(`${TOPIC}/latest`)).headers["cache-control"]).toBe("public, max-age=1");
  });

  it("sends nothing again that the reader has", async () => {
    await sign(7, 0.1);
    await start();
    const { headers } = await get(`${TOPIC}/latest`);
    const etag = headers.etag!;
    for (const tag of [etag, `W/${etag}`, `"a", ${etag}`, "*"]) {
      const again = await get(`${TOPIC}/latest`, { "if-none-match": tag });
      expect(again).toMatchObject({ status: 304, text: "" });
    }
    expect((await get(`${TOPIC}/latest`, { "if-none-match": '"other"' })).status).toBe(200);
    expect(await get(`${TOPIC}/latest`, {}, "HEAD")).toMatchObject({ status: 200, text: "" });
    expect((await get(`${TOPIC}/latest?cache=bust`)).headers.etag).toBe(etag);
  });

  it("says that a result is stale when the next one is long overdue, as after a validator that died", async () => {
    await sign(7, 0.1);
    nowMs += 10_000;
    await sign(8, 0.2);
    await start();
    nowMs += 29_000;
    expect((await get(`${TOPIC}/latest`)).json.isStale).toBe(false);
    nowMs += 2_000;
    await expect.poll(async () => (await get(`${TOPIC}/latest`)).json.isStale).toBe(true);
    expect((await get("/topics")).json.topics[0].isStale).toBe(true);
    await sign(9, 0.3);
    await expect
      .poll(async () => (await get(`${TOPIC}/latest`)).json)
      .toMatchObject({ nonce: 9, isStale: false });
  });

  it("opens the journal that took the place of the one it read, and keeps what it has while there is none", async () => {
    await sign(7, 0.1);
    await start();
    journal.close();
    rmSync(path);
    expect((await get(`${TOPIC}/latest`)).json.nonce).toBe(7);
    const next = `${path}.next`;
    journal = openJournal({ path: next, genesis: GENESIS, hotkey: hotkey.address });
    await sign(12, 0.4);
    journal.close();
    renameSync(next, path);
    journal = openJournal({ path, genesis: GENESIS, hotkey: hotkey.address });
    await expect.poll(async () => (await get(`${TOPIC}/latest`)).json.nonce).toBe(12);
  });

  it("starts on no journal with an error that says so", async () => {
    const missing = startResultsServer(
      { journalPath: join(folder, "none"), host: "127.0.0.1", port: 0 },
      deps(),
    );
    await expect(missing).rejects.toMatchObject({ code: "JOURNAL_ABSENT" });
  });

  it.each([
    ["/", "no-such-path"],
    ["/topics/", "no-such-path"],
    ["/topics/2-0-btc", "no-such-path"],
    ["/topics/../../etc/passwd", "no-such-path"],
    ["/topics/%32-0-btc/latest", "no-such-path"],
    [`/topics/2-0-${"x".repeat(65)}/latest`, "no-such-path"],
    ["/topics/2-0-btc/latest/7", "no-such-path"],
    ["/topics/2-0-btc/-1", "no-such-path"],
    ["/topics/2-0-btc/07", "no-such-path"],
    ["/topics/02-0-btc/7", "no-such-topic"],
    ["/topics/2-0-eth/latest", "no-such-topic"],
    ["/topics/2-0-eth/7", "no-such-topic"],
    ["/topics/2-0-btc/8", "no-such-nonce"],
  ])("has nothing at %s", async (url, code) => {
    await sign(7, 0.1);
    await start();
    const { status, json, headers } = await get(url);
    expect(status).toBe(404);
    expect(json.error.code).toBe(code);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("takes questions alone: no other method, no body, no head without end", async () => {
    await sign(7, 0.1);
    await start();
    for (const method of ["POST", "DELETE", "OPTIONS"]) {
      expect(await get("/topics", {}, method)).toMatchObject({
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
    for (const [name, value] of [
      ["content-length", "1000000000"],
      ["transfer-encoding", "chunked"],
    ] as const) {
      expect(await get("/topics", { [name]: value })).toMatchObject({
        status: 413,
        headers: { connection: "close" },
      });
    }
    expect((await get("/topics", { "x-long": "x".repeat(9_000) })).status).toBe(431);
    expect((await get(`/topics/${"x".repeat(9_000)}`)).status).toBe(431);
  });
});

function deps() {
  const clock: Clock = {
    ...systemClock,
    nowMs: () => nowMs,
    sleep: (_, signal) => systemClock.sleep(10, signal),
  };
  return { clock, logger: silentLogger, signal: new AbortController().signal };
}

async function start(): Promise<void> {
  server = await startResultsServer({ journalPath: path, host: "127.0.0.1", port: 0 }, deps());
}

/** An epoch that publishes, signed as a planner does. */
async function sign(epoch: number, value: number): Promise<void> {
  const key = { netuid: 2, mechanism: 0, epoch };
  const context = {
    ...{ ...key, startBlock: 1, tempo: 10, validator: hotkey.address, participants: [] },
    beacon: new Uint8Array(32),
  };
  journal.epochs.plan(
    key,
    { template: "t", version: "1", config: {}, context, stages: [], jobs: [] } as never,
    1,
  );
  const facts = { naive: 0.2, weights: { "5Miner": 1 } };
  const results = [
    { topic: "btc", nonce: epoch, value, ci: [0, 0.05, 0.2, 0.3] as const, validUntil: 31, facts },
  ];
  journal.scores.close(key, { status: "scored", scores: [], evidence: [], state: {}, results });
  const signer = new ResultSigner({
    ...{ results: journal.results, genesis: GENESIS, signer: hotkey, oracleKey },
    ...{ maySign: async () => true, clock: deps().clock, onEvent: () => {} },
  });
  await signer.sign(2, 0);
}

type Reply = {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a document as a reader gets it
  json: any;
};

/** The path as it is written: `fetch` would tidy it up. */
function get(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(server!.url);
    const asking = request(
      { host: "127.0.0.1", port, path: url, method, headers, agent: false },
      (response) => {
        let text = "";
        response.on("data", (piece) => {
          text += piece;
        });
        response.on("end", () => {
          const json = text.startsWith("{") ? JSON.parse(text) : undefined;
          resolve({
            status: response.statusCode!,
            headers: response.headers as Reply["headers"],
            text,
            json,
          });
          asking.destroy();
        });
      },
    );
    asking.on("error", reject);
    asking.flushHeaders();
    if (!("content-length" in headers) && !("transfer-encoding" in headers)) asking.end();
  });
}
