import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { type ErrorCode, isSubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import { runCli } from "../run-cli.test-kit.ts";
import { dumpChain, loadChain } from "./carry-state.ts";
import { chainStatus, describeStatus } from "./chain-status.ts";
import { connectDevChain, type DevClient } from "./dev-client.ts";
import { describeOutcome, injectFault } from "./inject-fault.ts";
import { blockNumber, makeBlocks } from "./make-blocks.ts";
import { parseTime, type WarpArgs, warpChain } from "./warp-chain.ts";

let node: LocalNode;
let client: DevClient;
let folder: string;

beforeAll(async () => {
  node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
  client = connectDevChain({ network: "local", endpoint: node.endpoint });
  folder = await mkdtemp(join(tmpdir(), "subforge-chain-"));
});
afterAll(async () => {
  await node?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});
beforeEach(() => void node.faults.clear());

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown !== undefined && !isSubforgeError(thrown)) throw thrown;
  return thrown?.code;
}

const nowhere: WarpArgs = {
  blocks: undefined,
  to: undefined,
  time: undefined,
  epochs: undefined,
  netuid: undefined,
};

function warp(args: Partial<WarpArgs>, onProgress: (text: string) => void = () => {}) {
  return warpChain({ ...nowhere, ...args }, { client, nowMs: 1_000_000, onProgress });
}

describe("chain mine and warp", () => {
  it("make blocks in parts, and say how far they are", async () => {
    const from = node.head().number;
    const told: number[] = [];
    const made = await makeBlocks(client, 1_200, (done) => told.push(done));
    expect(made).toEqual({ made: 1_200, block: from + 1_200, hash: node.head().hash });
    expect(told).toEqual([500, 1_000]);
  });

  it("go ahead by blocks, and up to a height", async () => {
    const from = node.head().number;
    expect((await warp({ blocks: 5 })).block).toBe(from + 5);
    expect(await warp({ to: from + 9 })).toMatchObject({ made: 4, block: from + 9 });
    expect(await codeOf(warp({ to: from + 9 }))).toBe("CLI_USAGE");
  });

  it("go to a time in one block", async () => {
    const from = node.head().number;
    await warp({ time: "2031-05-06T07:08:09Z" });
    const status = await chainStatus(client);
    expect(status.best.block).toBe(from + 1);
    expect(status.time).toBe("2031-05-06T07:08:09.000Z");
  });

  it("go to the start of a subnet's next epochs", async () => {
    const next = async () => {
      const answer = await client.ask(
        "state_call",
        "SubnetInfoRuntimeApi_get_next_epoch_start_block",
        "0x0100",
      );
      return Number(Buffer.from(String(answer).slice(4), "hex").readBigUInt64LE());
    };
    const first = await next();
    const told: string[] = [];
    const made = await warp({ epochs: 2, netuid: 1 }, (text) => told.push(text));
    expect(made.block).toBeGreaterThan(first);
    expect(told.filter((text) => text.startsWith("epoch "))).not.toEqual([]);
    expect(await next()).toBeGreaterThan(made.block);
    expect(await codeOf(warp({ epochs: 1, netuid: 999 }))).toBe("CHAIN_NO_SUBNET");
  });

  it.each([
    {},
    { blocks: 1, to: 5 },
    { epochs: 2 },
    { blocks: 2, netuid: 1 },
    { blocks: 0 },
    { blocks: 1.5 },
    { blocks: 2_000_000 },
    { time: "tomorrow" },
    { to: 99_999_999 },
  ])("refuse %j", async (args) => {
    expect(await codeOf(warp(args))).toBe("CLI_USAGE");
  });

  it.each([
    ["+90m", 6_400_000],
    ["+2d", 173_800_000],
    ["1800000000000", 1_800_000_000_000],
    ["2026-12-24T18:00Z", Date.UTC(2026, 11, 24, 18)],
  ])("reads the time %s", (text, expected) => {
    expect(parseTime(text, 1_000_000)).toBe(expected);
  });
});

describe("chain dump and load", () => {
  it("carry a chain from one node to another", async () => {
    const path = join(folder, "a.state");
    const dumped = await dumpChain(client, path);
    expect(dumped.bytes).toBeGreaterThan(1_000);
    const { number, hash } = node.head();
    await makeBlocks(client, 3);
    expect(await loadChain(client, path)).toEqual({ path, block: number, hash });
    expect(await blockNumber(client)).toBe(number);
  });

  it("refuse what is missing, no file, no state, or cannot be written", async () => {
    const junk = join(folder, "junk");
    await writeFile(junk, "junk");
    expect(await codeOf(loadChain(client, join(folder, "none")))).toBe("CHAIN_STATE_FILE");
    expect(await codeOf(loadChain(client, folder))).toBe("CHAIN_STATE_FILE");
    expect(await codeOf(loadChain(client, junk))).toBe("CHAIN_DEV_REFUSED");
    expect(await codeOf(dumpChain(client, join(folder, "no", "folder")))).toBe("CHAIN_STATE_FILE");
  });
});

describe("chain fault", () => {
  it("sets, lists and clears", async () => {
    const set = await injectFault(client, "delay", undefined, { ms: 5, every: undefined });
    expect(set).toMatchObject({ kind: "delay" });
    await injectFault(client, "429", undefined, { methods: ["system_chain"] });
    const listed = await injectFault(client, "list", undefined, {});
    expect(describeOutcome(listed).join("\n")).toMatch(/delay +ms 5 +0 of 0\n.*429 +methods system_chain/);
    expect(await injectFault(client, "clear", "429", {})).toEqual({ cleared: 1 });
    expect(await injectFault(client, "clear", String((set as { id: number }).id), {})).toEqual({
      cleared: 1,
    });
    expect(describeOutcome(await injectFault(client, "list", undefined, {}))).toEqual(["no faults"]);
  });

  it("refuses what does not exist, with the likely word or in the node's own ones", async () => {
    expect(await codeOf(injectFault(client, "delai", undefined, {}))).toBe("CLI_USAGE");
    expect(await codeOf(injectFault(client, "drop", "3", {}))).toBe("CLI_USAGE");
    const refused = injectFault(client, "delay", undefined, {});
    expect(await codeOf(refused)).toBe("CHAIN_DEV_REFUSED");
    await expect(refused).rejects.toThrow("delay needs ms");
  });
});

describe("chain status", () => {
  it("says how the chain is", async () => {
    node.faults.set({ kind: "stalled-finality" });
    const { number } = node.head();
    await makeBlocks(client, 2);
    const status = await chainStatus(client);
    expect(status).toMatchObject({
      genesisHash: node.genesisHash,
      specVersion: 424,
      blocks: "manual",
      best: { block: number + 2 },
      finalized: { block: number },
      waiting: 0,
      faults: [{ kind: "stalled-finality", strikes: 2 }],
    });
    expect(describeStatus(status).join("\n")).toContain(`finalized  ${number}  0x`);
  });
});

describe("a chain that is none of ours", () => {
  async function serve(status: number, body: string): Promise<{ client: DevClient; close: () => void }> {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      client: connectDevChain({ network: "local", endpoint }, 5_000),
      close: () => server.close().closeAllConnections(),
    };
  }

  it.each([
    [200, '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}', "CHAIN_NOT_LOCAL"],
    [200, "<html>", "CHAIN_BAD_ANSWER"],
    [429, "slow down", "CHAIN_UNREACHABLE"],
  ] as const)("answers %i %s, which is %s", async (status, body, code) => {
    const server = await serve(status, body);
    expect(await codeOf(server.client.ask("dev_snapshot"))).toBe(code);
    server.close();
  });

  it("is told from one that is not there, or never answers", async () => {
    const gone = connectDevChain({ network: "local", endpoint: "ws://127.0.0.1:1" });
    expect(await codeOf(gone.ask("dev_snapshot"))).toBe("CHAIN_UNREACHABLE");
    node.faults.set({ kind: "half-open" });
    const slow = connectDevChain({ network: "local", endpoint: node.endpoint }, 50);
    expect(await codeOf(slow.ask("system_chain"))).toBe("CHAIN_TIMEOUT");
  });
});

describe("subforge chain", () => {
  it("works as a command: one document, the words of an error, its exit code", async () => {
    const at = ["--endpoint", node.endpoint, "--json"];
    const snapshot = await runCli(["chain", "snapshot", ...at]);
    const { id, block } = JSON.parse(snapshot.stdout) as { id: string; block: number };
    const [mined, fault] = [
      await runCli(["chain", "mine", "7", ...at]),
      await runCli(["chain", "fault", "lagging", "--blocks", "2", ...at]),
    ];
    expect(JSON.parse(mined.stdout)).toMatchObject({ made: 7, block: block + 7 });
    expect(JSON.parse(fault.stdout)).toMatchObject({ kind: "lagging" });
    node.faults.clear();
    const reverted = await runCli(["chain", "revert", id, ...at]);
    expect(JSON.parse(reverted.stdout)).toEqual({ block, hash: id });
    const refused = await runCli(["chain", "revert", "0x12", "--endpoint", node.endpoint]);
    expect(refused.exitCode).toBe(6);
    expect(refused.stderr).toMatch(/CHAIN_DEV_REFUSED .*dev_revert/);
  });
});
