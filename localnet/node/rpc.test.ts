import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { storagePrefix } from "../state/hashing.ts";
import { bytesToHex } from "../types/hex.ts";
import { type LocalNode, startLocalNode } from "./local-node.ts";
import { call, openSocket, post, type RawSocket, type Reply, result } from "./rpc-client.test-kit.ts";
import { createTestChain } from "./test-chain.test-kit.ts";

const NUMBER_KEY = storagePrefix("System", "Number");
const ACCOUNT_PREFIX = storagePrefix("System", "Account");
const cleanup: (() => Promise<void> | void)[] = [];

beforeAll(keysReady);
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function start(host?: string): Promise<LocalNode> {
  const node = await startLocalNode({ host, port: 0, mode: { kind: "manual" }, logger: silentLogger });
  cleanup.push(() => node.close());
  return node;
}

async function socketOf(node: LocalNode, headers: Record<string, string> = {}): Promise<RawSocket> {
  const client = await openSocket(node, headers);
  cleanup.push(() => client.socket.terminate());
  return client;
}

describe("JSON-RPC", () => {
  it.each([
    ["not json", -32700],
    ["5", -32600],
    ["[]", -32600],
    ['{"id":1}', -32600],
    ['{"id":1,"method":"system_nope"}', -32601],
    ['{"id":1,"method":"system_chain","params":{}}', -32602],
    ['{"id":1,"method":"state_getStorage","params":["0xzz"]}', -32602],
    ['{"id":1,"method":"chain_getBlockHash","params":[-1]}', -32602],
    ['{"id":1,"method":"state_getKeysPaged","params":["0x",1001]}', -32602],
    ['{"id":1,"method":"system_accountNextIndex","params":["5Grw"]}', -32602],
    ['{"id":1,"method":"chain_subscribeNewHeads"}', -32601],
  ])("answers %s with code %i", async (text, code) => {
    const { body } = await post(await start(), text);
    expect((JSON.parse(body) as Reply).error?.code).toBe(code);
  });

  it("L1: a method, runtime API, call or storage item that is not there is an error that names it", async () => {
    const node = await start();
    const errorOf = async (method: string, ...params: unknown[]) => {
      const { error } = await call(node, method, ...params);
      return `${error?.code} ${error?.message} ${error?.data ?? ""}`;
    };
    expect(await errorOf("mevShield_submit")).toMatch(/-32601 .*mevShield_submit/);
    expect(await errorOf("state_getReadProof", ["0x00"])).toMatch(/-32601 .*state_getReadProof/);
    expect(await errorOf("state_call", "EthereumRuntimeRPCApi_chain_id", "0x")).toBe(
      "4003 Client error: Execution failed: Other: Exported method EthereumRuntimeRPCApi_chain_id is not found ",
    );
    const unknownCall = Buffer.from([3 * 4, 0x04, 250, 0]);
    expect(await errorOf("author_submitExtrinsic", bytesToHex(unknownCall))).toMatch(/1002 .*no pallet 250/);
    const [evm, item] = [storagePrefix("EVM", "AccountCodes"), storagePrefix("System", "NoSuchItem")];
    for (const [method, ...params] of [
      ["state_getStorage", evm],
      ["state_getStorageSize", evm],
      ["state_getStorageHash", `${evm}0011`],
      ["state_getKeysPaged", evm, 10],
      ["state_queryStorageAt", [NUMBER_KEY, evm]],
    ] as const)
      expect(await errorOf(method, ...params)).toContain(
        `4003 Client error: this local chain has no storage ${evm}`,
      );
    expect(await errorOf("state_getStorage", item)).toContain(`has no storage ${item} of System`);
    expect(await result(node, "state_getStorage", "0x3a636f6465"), "no item: just a key").toBeNull();
    expect(await result(node, "state_getKeysPaged", evm.slice(0, 34), 10)).toEqual([]);
  });

  it("keeps the order and the ids of a batch, and answers no notification", async () => {
    const batch = [
      { jsonrpc: "2.0", id: "a", method: "system_chain" },
      { jsonrpc: "2.0", method: "system_chain" },
      { jsonrpc: "2.0", id: 7, method: "nope" },
      { jsonrpc: "2.0", id: null, method: "chain_getBlockHash", params: [[0, "0x0", 9]] },
    ];
    const node = await start();
    const { body } = await post(node, JSON.stringify(batch));
    const genesis = node.genesisHash;
    expect(JSON.parse(body)).toMatchObject([
      { id: "a", result: "Bittensor" },
      { id: 7, error: { code: -32601, data: expect.stringContaining("nope") } },
      { id: null, result: [genesis, genesis, null] },
    ]);
  });

  it("an unknown block is an error and never an empty answer", async () => {
    const node = await start();
    const unknown = `0x${"ab".repeat(32)}`;
    for (const method of ["state_getMetadata", "state_getRuntimeVersion"])
      expect((await call(node, method, unknown)).error?.code).toBe(4003);
    expect((await call(node, "state_getStorage", NUMBER_KEY, unknown)).error?.message).toContain(
      "UnknownBlock",
    );
    expect((await call(node, "chain_getHeader", unknown)).result).toBeNull();
  });

  it("a runtime API that is not modelled is named in the error", async () => {
    const answer = await call(await start(), "state_call", "GrandpaApi_grandpa_authorities", "0x");
    expect(answer.error).toEqual({
      code: 4003,
      message:
        "Client error: Execution failed: Other: Exported method GrandpaApi_grandpa_authorities is not found",
    });
  });

  it("takes hex without its prefix, as one client sends it", async () => {
    const node = await start();
    const versions = await result(node, "state_call", "Metadata_metadata_versions", "");
    expect(versions).toBe("0x0c0e0000000f00000010000000");
    node.newBlock();
    expect(await result(node, "state_getStorage", NUMBER_KEY.slice(2))).toBe("0x01000000");
  });

  it("pages through keys without missing or repeating one", async () => {
    const node = await start();
    const all = (await result(node, "state_getKeys", ACCOUNT_PREFIX)) as string[];
    const paged: string[] = [];
    let page: string[];
    do {
      page = (await result(node, "state_getKeysPaged", ACCOUNT_PREFIX, 2, paged.at(-1) ?? null)) as string[];
      paged.push(...page);
    } while (page.length > 0);
    expect(paged).toEqual(all);
    expect(all.length).toBeGreaterThanOrEqual(9);
    const pairs = (await result(node, "state_getPairs", ACCOUNT_PREFIX)) as string[][];
    expect(pairs.map(([key]) => key)).toEqual(all);
  });

  it("state of the past is answered as it was", async () => {
    const node = await start();
    node.newBlock(3);
    const hash = await result(node, "chain_getBlockHash", 1);
    expect(await result(node, "state_getStorage", NUMBER_KEY, hash)).toBe("0x01000000");
    const changes = (await result(node, "state_queryStorage", [NUMBER_KEY], hash)) as {
      changes: unknown[];
    }[];
    expect(changes.map((set) => set.changes)).toEqual(
      ["01", "02", "03"].map((n) => [[NUMBER_KEY, `0x${n}000000`]]),
    );
    expect(await result(node, "state_queryStorageAt", [NUMBER_KEY, "0xff"], hash)).toEqual([
      {
        block: hash,
        changes: [
          [NUMBER_KEY, "0x01000000"],
          ["0xff", null],
        ],
      },
    ]);
  });
});

describe("subscriptions", () => {
  it("answer with the id first, then the present, then every change, each in a message of its own", async () => {
    const node = await start();
    node.newBlock();
    const client = await socketOf(node);
    client.send([
      { jsonrpc: "2.0", id: 1, method: "chain_subscribeNewHeads" },
      { jsonrpc: "2.0", id: 2, method: "state_subscribeStorage", params: [[NUMBER_KEY, "0xff"]] },
    ]);
    const [answers] = (await client.until(3)) as unknown as [{ result: string }[]];
    const [heads, storage] = answers.map(({ result: id }) => id);
    node.newBlock();
    const messages = (await client.until(5)).slice(1) as {
      params: { subscription: string; result: { number?: string; changes?: unknown } };
    }[];
    expect(
      messages.map(({ params }) => [params.subscription, params.result.number ?? params.result.changes]),
    ).toEqual([
      [heads, "0x1"],
      [
        storage,
        [
          [NUMBER_KEY, "0x01000000"],
          ["0xff", null],
        ],
      ],
      [heads, "0x2"],
      [storage, [[NUMBER_KEY, "0x02000000"]]],
    ]);
    client.send({ jsonrpc: "2.0", id: 3, method: "chain_unsubscribeNewHeads", params: [heads] });
    client.send({ jsonrpc: "2.0", id: 4, method: "chain_unsubscribeNewHeads", params: [heads] });
    const [first, again] = (await client.until(7)).slice(5);
    expect([first, again]).toMatchObject([{ result: true }, { result: false }]);
  });

  it("follow a transaction to its block", async () => {
    const node = await start();
    const chain = createTestChain();
    const client = await socketOf(node);
    const remark = { type: "System", value: { type: "remark", value: { remark: new Uint8Array(3) } } };
    const signed = chain.sign("Alice", remark, { nonce: 0, genesisHash: node.genesisHash });
    const params = [bytesToHex(signed)];
    client.send({ jsonrpc: "2.0", id: 1, method: "author_submitAndWatchExtrinsic", params });
    await client.until(2);
    node.newBlock();
    const { hash } = node.head();
    const updates = (await client.until(4))
      .slice(1)
      .map((message) => (message.params as { result: unknown }).result);
    expect(updates).toEqual(["ready", { inBlock: hash }, { finalized: hash }]);
    client.send({ jsonrpc: "2.0", id: 2, method: "author_submitAndWatchExtrinsic", params });
    expect((await client.until(5)).at(-1)).toMatchObject({ id: 2, error: { code: 1010 } });
  });
});

describe("who may speak to the node", () => {
  it("refuses a page that reaches it under another name or from another origin", async () => {
    const node = await start();
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "system_chain" });
    expect((await post(node, body, { host: "evil.example:9944" })).status).toBe(403);
    expect((await post(node, body, { origin: "https://evil.example" })).status).toBe(403);
    expect((await post(node, body, { "content-type": "text/plain" })).status).toBe(415);
    expect((await post(node, body, { origin: "http://localhost:3000" })).status).toBe(200);
    await expect(socketOf(node, { origin: "https://evil.example" })).rejects.toThrow("403");
  });

  it("serves dev methods on loopback only", async () => {
    const open = await start("0.0.0.0");
    const port = new URL(open.endpoint).port;
    const reachable = { ...open, endpoint: `ws://127.0.0.1:${port}` };
    expect((await call(reachable, "dev_newBlock")).error?.code).toBe(-32601);
    expect(await result(reachable, "system_chain")).toBe("Bittensor");
  });

  it("cuts off a client that sends too much", async () => {
    const node = await start();
    const client = await socketOf(node);
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    client.socket.send("x".repeat(16 * 1024 * 1024));
    await closed;
    expect(await result(node, "system_chain")).toBe("Bittensor");
  });
});

describe("dev methods", () => {
  it("make blocks, set balances, and go back to a snapshot", async () => {
    const node = await start();
    const address = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy";
    await result(node, "dev_newBlock", { count: 2 });
    const snapshot = await result(node, "dev_snapshot");
    await result(node, "dev_newBlock", { to: 5 });
    expect(node.head().number).toBe(5);
    await result(node, "dev_setBalance", address, "123000000000");
    const keys = (await result(node, "state_getKeys", ACCOUNT_PREFIX)) as string[];
    const dave = keys.find((key) =>
      key.endsWith("306721211d5404bd9da88e0204360a1a9ab8b87c66c1bc2fcdd37f3c2222cc20"),
    );
    expect(await result(node, "state_getStorage", dave)).toContain("000e5fa31c000000"); // 123 * 10^9, little-endian
    await result(node, "dev_revert", snapshot);
    expect(node.head()).toEqual({ number: 2, hash: snapshot });
    expect(await result(node, "state_getStorage", dave)).not.toContain("000e5fa31c000000");
  });

  it("set storage and time", async () => {
    const node = await start();
    await result(node, "dev_setStorage", [
      ["0xff", "0x01"],
      ["0xfe", null],
    ]);
    expect(await result(node, "state_getStorage", "0xff")).toBe("0x01");
    await result(node, "dev_timeTravel", "2030-01-01T00:00:00Z");
    await result(node, "dev_newBlock");
    const now = (await result(node, "state_getStorage", storagePrefix("Timestamp", "Now"))) as string;
    const ms = Buffer.from(now.slice(2), "hex").readBigUInt64LE();
    expect(Number(ms) - Date.parse("2030-01-01T00:00:00Z")).toBeLessThan(60_000);
  });

  it.each([
    ["dev_newBlock", [{ count: 10_001 }]],
    ["dev_newBlock", [{ to: 0.5 }]],
    ["dev_setBlockBuildMode", ["Batch"]],
    ["dev_setIntervalMining", [1e12]],
    ["dev_timeTravel", ["yesterday"]],
    ["dev_setBalance", ["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "99999999999999999999"]],
    ["dev_setStorage", [[["0xff"]]]],
    ["dev_revert", ["0x00"]],
  ])("%s refuses %j", async (method, params) => {
    expect((await call(await start(), method, ...params)).error).toBeDefined();
  });
});

describe("a chain that ran longer than it remembers", () => {
  it("still names every block by number, and says so when one is gone", () => {
    const { node } = createTestChain({ keepBlocks: 4 });
    const first = node.newBlock().hash;
    for (let i = 0; i < 8; i++) node.newBlock();
    expect(node.blocks.hashOf(1)).toBe(first);
    expect(node.blocks.byNumber(1)).toBeUndefined();
    expect(() => node.stateAt(first)).toThrow("UnknownBlock");
    expect(node.blocks.byNumber(0)?.hash).toBe(node.genesisHash);
    expect(() => node.stateAt(node.genesisHash)).toThrow("State already discarded");
    expect(node.stateAt(node.blocks.hashOf(6)).get(NUMBER_KEY)).toEqual(Uint8Array.of(6, 0, 0, 0));
  });
});
