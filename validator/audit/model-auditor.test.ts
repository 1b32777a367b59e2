import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import type { ModelRequest } from "../../shared/template.ts";
import { tensor } from "../../shared/tensor.ts";
import { encodeMessage } from "../../shared/wire/message.ts";
import { MODEL_PIECE_BYTES, parsePieceRequest, toPiece } from "../../shared/wire/model-file.ts";
import type { Asker, Reply } from "../asking.ts";
import { TestChain } from "../test-net.test-kit.ts";
import { ModelAuditor } from "./model-auditor.ts";
import { ModelRefusal } from "./model-refusal.ts";
import { ModelStore } from "./model-store.ts";
import { LOCALHOST_CERTIFICATE, startWebServer } from "./web-server.test-kit.ts";

const HOTKEY = "a miner";
const NETUID = 2;
const file = new Uint8Array(MODEL_PIECE_BYTES + 1_000).fill(7);
const y = tensor("float32", [1], Float32Array.of(0.5));
const closes: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

/** A miner's axon, as a validator's asker sees it. */
function axonOf(answer: (request: { sha256: string; offset: number }) => Reply): Asker & { asked: number } {
  const asker = {
    asked: 0,
    async ask(_: unknown, { body }: { body: Uint8Array }) {
      asker.asked += 1;
      const text = new TextDecoder().decode(body.subarray(4)).replace(/\0+$/, "");
      return answer(parsePieceRequest(JSON.parse(text)));
    },
    async close() {},
  };
  return asker;
}

const serving = axonOf.bind(undefined, ({ offset }) => {
  const piece = file.slice(offset, offset + MODEL_PIECE_BYTES);
  return { ok: true, body: encodeMessage(toPiece(piece)), latencyMs: 1 };
});

async function auditorOf(asker: Asker, { allowPrivate = true, folder = "" } = {}) {
  if (folder === "") {
    folder = await mkdtemp(join(tmpdir(), "subforge-audit-"));
    closes.push(() => rm(folder, { recursive: true }));
  }
  const chain = new TestChain();
  chain.add(HOTKEY, 8_091);
  const ran: string[] = [];
  const auditor = new ModelAuditor({
    ...{ chain, asker, store: new ModelStore(folder), policy: { allowPrivate }, logger: silentLogger },
    ca: LOCALHOST_CERTIFICATE,
    runModel: async ({ path, sha256 }) => {
      ran.push(path);
      if (sha256 === sha256Of(Uint8Array.of(6))) throw new ModelRefusal("hostile", "it bites");
      return { y, precision: "float32" };
    },
  });
  const run = (model: Partial<ModelRequest["model"]> = {}) => {
    const request = { sha256: sha256Of(file), size: file.length, uri: "axon:", ...model };
    return auditor.run(NETUID, { hotkey: HOTKEY, model: request, feeds: {} }, new AbortController().signal);
  };
  return { run, ran, folder };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

it("gets a model from its miner piece by piece, once, and runs it each time", async () => {
  const asker = serving();
  const { run, ran, folder } = await auditorOf(asker);
  expect(await run()).toEqual({ y, precision: "float32" });
  expect(asker.asked).toBe(2);
  await run();
  const restarted = await auditorOf(asker, { folder });
  await restarted.run();
  expect(asker.asked).toBe(2);
  expect(ran).toEqual([join(folder, `${sha256Of(file)}.onnx`), ran[0]]);
});

it("says what is wrong with a model, and leaves nothing of it", async () => {
  const { run, folder } = await auditorOf(serving());
  expect(await run({ sha256: "ab".repeat(32) })).toEqual({ problem: "wrong-hash" });
  expect(await run({ size: 200_000_001 })).toEqual({ problem: "too-large" });
  expect(await run({ size: file.length - 1 })).toEqual({ problem: "not-served" }); // another piece than was asked for
  expect(await readdir(folder)).toEqual([]);
});

it("a miner that refuses to hand its model out has a problem", async () => {
  const { run } = await auditorOf(axonOf(() => ({ ok: false, reason: "refused", latencyMs: 1 })));
  expect(await run()).toEqual({ problem: "not-served" });
});

it("a miner that nobody reaches has one after three tries, and is looked for again afterwards", async () => {
  const asker = axonOf(() => ({ ok: false, reason: "connect-failed", latencyMs: 1 }));
  const { run } = await auditorOf(asker);
  for (let round = 1; round <= 2; round++) {
    for (let tries = 0; tries < 3; tries++) await expect(run()).rejects.toThrow("connect-failed");
    expect(await run()).toEqual({ problem: "not-served" });
    expect(asker.asked).toBe(3 * round);
  }
});

it("gets a model from an https address, follows no redirect, and reads no more than was announced", async () => {
  let elsewhere = 0;
  const pages: Record<string, (response: ServerResponse) => void> = {
    "/model": (response) => response.end(file),
    "/moved": (response) => response.writeHead(302, { location: "/model" }).end(),
    "/gone": (response) => response.writeHead(404).end(),
    "/squeezed": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(file),
    "/hostile": (response) => response.end(Uint8Array.of(6)),
    "/endless": (response) => {
      const more = () => {
        while (!response.destroyed && response.write(file));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    },
  };
  const server = await startWebServer(({ url = "" }, response) => {
    elsewhere += 1;
    pages[url]?.(response);
  });
  closes.push(server.close);
  const { run } = await auditorOf(serving());
  const at = (page: string) => `https://localhost:${server.port}${page}`;
  expect(await run({ uri: at("/moved") })).toEqual({ problem: "not-served" });
  expect(await run({ uri: at("/gone") })).toEqual({ problem: "not-served" });
  expect(await run({ uri: at("/squeezed") })).toEqual({ problem: "not-served" });
  expect(await run({ uri: at("/endless") })).toEqual({ problem: "wrong-hash" });
  const hostile = { uri: at("/hostile"), size: 1, sha256: sha256Of(Uint8Array.of(6)) };
  expect(await run(hostile)).toEqual({ problem: "hostile" });
  expect(await run({ uri: at("/model") })).toEqual({ y, precision: "float32" });
  const asked = elsewhere;
  const strict = await auditorOf(serving(), { allowPrivate: false });
  for (const host of ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
    expect(await strict.run({ uri: `https://${host}:${server.port}/model` })).toEqual({
      problem: "bad-address",
    });
  expect(elsewhere).toBe(asked);
});

it("keeps models in a bounded room: the one that was not used for longest goes first", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subforge-store-"));
  closes.push(() => rm(folder, { recursive: true }));
  const store = new ModelStore(folder, 25);
  const models = [1, 2, 3].map((value) => new Uint8Array(10).fill(value));
  const put = (bytes: Uint8Array) =>
    store.put(
      { sha256: sha256Of(bytes), size: 10 },
      (async function* () {
        yield bytes;
      })(),
    );
  const paths = [await put(models[0]!), await put(models[1]!)];
  await utimes(paths[1]!, 1, 1);
  await put(models[2]!);
  const kept = await Promise.all(models.map((bytes) => store.pathOf({ sha256: sha256Of(bytes), size: 10 })));
  expect(kept.map((path) => path !== undefined)).toEqual([true, false, true]);
});
