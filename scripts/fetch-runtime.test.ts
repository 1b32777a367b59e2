import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocketServer } from "ws";
import { startLocalNode } from "../localnet/node/local-node.ts";
import { silentLogger } from "../shared/logger.ts";
import { fetchRuntime } from "./fetch-runtime.ts";

const HASH = `0x${"ab".repeat(32)}`;
const cleanup: (() => Promise<unknown>)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-fetch-"));
  cleanup.push(() => rm(folder, { recursive: true }));
});
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

describe("fetching a runtime", () => {
  it.each([
    ["there is none", null, "CHAIN_BAD_ANSWER"],
    ["it is no hex", "0xzz", "CHAIN_BAD_ANSWER"],
    ["it is no runtime", "0x00112233445566778899", "RUNTIME_BLOB_INVALID"],
    ["it is a module without a memory", "0x0061736d01000000", "RUNTIME_BLOB_INVALID"],
  ])("leaves the file of that name alone when %s", async (_, answer, code) => {
    const out = join(folder, "runtime.wasm");
    await writeFile(out, "what was there");
    const endpoint = await peer((method) => {
      if (method === "state_getStorage") return answer;
      return method === "state_getRuntimeVersion" ? { specVersion: 1 } : HASH;
    });
    await expect(fetchFrom(endpoint, out)).rejects.toMatchObject({ code });
    expect(await readFile(out, "utf8")).toBe("what was there");
    expect(await readdir(folder)).toEqual(["runtime.wasm"]);
  });

  it("says that a chain with built-in rules has no blob", async () => {
    const node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
    cleanup.push(() => node.close());
    await expect(fetchFrom(node.endpoint, join(folder, "x"))).rejects.toMatchObject({
      code: "CHAIN_BAD_ANSWER",
      message: expect.stringContaining("built-in"),
    });
  });

  it("names an endpoint that cannot be reached, or hangs up", async () => {
    const out = join(folder, "x");
    await expect(fetchFrom("ws://127.0.0.1:1", out)).rejects.toMatchObject({ code: "CHAIN_UNREACHABLE" });
    const silent = await peer((_, close) => close());
    await expect(fetchFrom(silent, out)).rejects.toMatchObject({ code: "CHAIN_UNREACHABLE" });
  });

  const file = process.env.SUBFORGE_RUNTIME;
  it.skipIf(!file)(
    "saves the very blob a chain runs (skipped unless SUBFORGE_RUNTIME names one)",
    async () => {
      const runtime = new Uint8Array(await readFile(file!));
      const node = await startLocalNode({ port: 0, mode: { kind: "manual" }, runtime, logger: silentLogger });
      cleanup.push(() => node.close());
      const out = join(folder, "runtime.wasm");
      const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
      await fetchFrom(node.endpoint, out);
      const document = JSON.parse(String(printed.mock.calls[0]![0])) as object;
      printed.mockRestore();
      expect(document).toMatchObject({ file: out, bytes: runtime.length, ...pick(node.version()) });
      expect(Buffer.compare(await readFile(out), runtime)).toBe(0);
    },
  );
});

function fetchFrom(endpoint: string, out: string): Promise<void> {
  const args = { network: "local", endpoint, out, json: true, logLevel: "silent" };
  return fetchRuntime(args, new AbortController().signal);
}

function pick({ specName, specVersion }: { specName: string; specVersion: number }) {
  return { specName, specVersion };
}

/** A node of somebody else's, which answers what it likes. @returns its address */
async function peer(answer: (method: string, close: () => void) => unknown): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  cleanup.push(() => new Promise((resolve) => server.close(resolve)));
  server.on("connection", (socket) => {
    cleanup.push(async () => socket.terminate());
    socket.on("message", (data) => {
      const { id, method } = JSON.parse(String(data)) as { id: number; method: string };
      const result = answer(method, () => socket.terminate());
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
  });
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
