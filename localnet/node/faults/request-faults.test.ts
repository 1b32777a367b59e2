import { once } from "node:events";
import { connect } from "node:net";
import { ApiPromise, WsProvider } from "@polkadot/api";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../../shared/keys/keypair.ts";
import { silentLogger } from "../../../shared/logger.ts";
import { bytesToHex } from "../../types/hex.ts";
import { type LocalNode, startLocalNode } from "../local-node.ts";
import { call, openSocket, post, type RawSocket, result } from "../rpc-client.test-kit.ts";
import { createTestChain } from "../test-chain.test-kit.ts";

const ask = { jsonrpc: "2.0", id: 1, method: "system_chain" };
const cleanup: (() => Promise<void> | void)[] = [];

beforeAll(keysReady);
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function start(): Promise<LocalNode> {
  const node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
  cleanup.push(() => node.close());
  return node;
}

async function socketOf(node: LocalNode, maxPayload?: number): Promise<RawSocket> {
  const client = await openSocket(node, {}, maxPayload);
  cleanup.push(() => client.socket.terminate());
  return client;
}

describe("faults of requests", () => {
  it("are set, listed and cleared over the wire, on loopback only, whatever they break", async () => {
    const node = await start();
    const first = await result(node, "dev_setFault", { kind: "down" });
    await result(node, "dev_setFault", { kind: "half-open" });
    expect(await result(node, "dev_listFaults")).toMatchObject([
      { id: first, kind: "down", strikes: 0 },
      { kind: "half-open" },
    ]);
    await expect(call(node, "system_chain")).rejects.toThrow();
    expect(await result(node, "dev_clearFaults", "down")).toBe(1);
    expect(await result(node, "dev_clearFaults")).toBe(1);
    expect(await result(node, "system_chain")).toBe("Bittensor");
    expect((await call(node, "dev_setFault", { kind: "delay" })).error).toMatchObject({
      code: -32602,
      data: "delay needs ms",
    });
    expect((await call(node, "dev_clearFaults", "flood")).error?.code).toBe(-32602);
  });

  it("drop cuts every connection once, and new ones are welcome", async () => {
    const node = await start();
    const clients = [await socketOf(node), await socketOf(node)];
    node.faults.set({ kind: "drop" });
    await Promise.all(clients.map(({ closed }) => closed));
    expect(node.faults.list()).toEqual([]);
    const again = await socketOf(node);
    again.send(ask);
    expect(await again.until(1)).toMatchObject([{ result: "Bittensor" }]);
  });

  it("drop cuts each n-th request of a method before it takes effect", async () => {
    const node = await start();
    node.faults.set({ kind: "drop", methods: ["system_chain"], every: 2 });
    const client = await socketOf(node);
    client.send(ask);
    await client.until(1);
    client.send(ask);
    await client.closed;
    expect(client.received).toHaveLength(1);
    await call(node, "system_chain");
    await expect(call(node, "system_chain")).rejects.toThrow();
  });

  it("down refuses connections until it ends", async () => {
    const node = await start();
    const client = await socketOf(node);
    node.faults.set({ kind: "down" });
    await client.closed;
    await expect(openSocket(node)).rejects.toThrow();
    node.faults.clear("down");
    await socketOf(node);
  });

  it("delay lets an answer come late and others not, and no notification before its id", async () => {
    const node = await start();
    const client = await socketOf(node);
    node.faults.set({ kind: "delay", ms: 40, methods: ["chain_subscribeNewHeads"] });
    client.send({ ...ask, id: 5, method: "chain_subscribeNewHeads" });
    client.send(ask);
    await client.until(1);
    node.newBlock(2);
    const received = await client.until(5);
    expect(received.map(({ id, method }) => id ?? method)).toEqual([
      1,
      5,
      "chain_newHead",
      "chain_newHead",
      "chain_newHead",
    ]);
  });

  it("429 is a status over HTTP and for handshakes, and an error on an open connection", async () => {
    const node = await start();
    const client = await socketOf(node);
    node.faults.set({ kind: "429", retryAfterS: 7 });
    const answer = await post(node, JSON.stringify(ask));
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "7"]);
    await expect(openSocket(node)).rejects.toThrow("429");
    client.send([ask, { ...ask, id: "b" }]);
    const [refused] = (await client.until(1)) as unknown as { id: unknown; error: object }[][];
    expect(refused).toMatchObject([
      { id: 1, error: { code: -32999, message: "RPC rate limit exceeded" } },
      { id: "b" },
    ]);
  });

  it("half-open takes requests and connections, and neither answers, notifies nor pongs", async () => {
    const node = await start();
    const client = await socketOf(node);
    client.send({ ...ask, method: "chain_subscribeNewHeads" });
    await client.until(2);
    node.faults.set({ kind: "half-open" });
    const { hostname, port } = new URL(node.endpoint);
    const silent = connect(Number(port), hostname);
    cleanup.push(() => void silent.destroy());
    let handshake = "";
    silent.on("data", (part) => {
      handshake += String(part);
    });
    silent.write(`GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    let pongs = 0;
    client.socket.on("pong", () => pongs++);
    client.send(ask);
    client.socket.ping();
    await result(node, "dev_newBlock");
    node.faults.clear();
    client.socket.ping();
    await once(client.socket, "pong");
    client.send({ ...ask, id: 2 });
    await client.until(3);
    expect(client.received.slice(2)).toMatchObject([{ id: 2 }]);
    expect([pongs, handshake]).toEqual([1, ""]);
  });

  it("half-open for one method is an answer that never comes", async () => {
    const node = await start();
    node.faults.set({ kind: "half-open", methods: ["system_chain"], count: 1 });
    const client = await socketOf(node);
    client.send(ask);
    client.send({ ...ask, id: 2 });
    expect(await client.until(1)).toMatchObject([{ id: 2 }]);
  });

  it("oversized sends more than a client takes, which ends the connection", async () => {
    const node = await start();
    node.faults.set({ kind: "oversized", bytes: 100_000, count: 1 });
    const client = await socketOf(node, 50_000);
    client.send(ask);
    await client.closed;
    node.faults.set({ kind: "oversized", bytes: 100_000 });
    expect((await post(node, JSON.stringify(ask))).body).toHaveLength(100_000);
  });

  it("malformed sends half an answer, or what is no frame", async () => {
    const node = await start();
    const client = await socketOf(node);
    node.faults.set({ kind: "malformed", count: 1 });
    client.send(ask);
    await client.until(1);
    expect(client.garbage).toHaveLength(1);
    node.faults.set({ kind: "malformed", form: "frame" });
    client.send(ask);
    await client.closed;
    await expect(call(node, "system_chain")).rejects.toThrow();
  });

  it("C7: lose-answer submits, and breaks the connection where the hash should come", async () => {
    const node = await start();
    const signed = bytesToHex(
      createTestChain().sign("Alice", REMARK, { nonce: 0, genesisHash: node.genesisHash }),
    );
    node.faults.set({ kind: "lose-answer", count: 1 });
    const client = await socketOf(node);
    client.send(ask);
    await client.until(1);
    client.send({ ...ask, id: 2, method: "author_submitAndWatchExtrinsic", params: [signed] });
    await client.closed;
    expect(client.received).toHaveLength(1);
    expect(await result(node, "author_pendingExtrinsics")).toEqual([signed]);
  });
});

const REMARK = { type: "System", value: { type: "remark", value: { remark: new Uint8Array(1) } } };

describe("faults of answers", () => {
  it("pool refuses the next submissions with the code that is asked for", async () => {
    const node = await start();
    const signed = bytesToHex(
      createTestChain().sign("Alice", REMARK, { nonce: 0, genesisHash: node.genesisHash }),
    );
    const submit = async () => (await call(node, "author_submitExtrinsic", signed)).error;
    for (const [code, custom, data] of [
      [1010, undefined, "Transaction is outdated"],
      [1010, 8, "Custom error: 8"],
      [1011, undefined, undefined],
      [1012, undefined, undefined],
      [1013, undefined, undefined],
      [1014, undefined, undefined],
      [1016, undefined, undefined],
      [1002, undefined, undefined],
    ] as const) {
      node.faults.set({ kind: "pool", code, count: 1, ...(custom !== undefined && { custom }) });
      const error = await submit();
      expect(error?.code).toBe(code);
      if (data !== undefined) expect(error?.data).toBe(data);
    }
    expect(await submit()).toBeUndefined();
  });

  it("syncing and wrong-genesis change what the node says of itself", async () => {
    const node = await start();
    node.faults.set({ kind: "syncing", behind: 40 });
    expect(await result(node, "system_health")).toMatchObject({ isSyncing: true });
    expect(await result(node, "system_syncState")).toMatchObject({ currentBlock: 0, highestBlock: 40 });
    node.faults.set({ kind: "wrong-genesis", hash: `0x${"ab".repeat(32)}` });
    expect(await result(node, "chain_getBlockHash", 0)).toBe(`0x${"ab".repeat(32)}`);
    node.faults.clear();
    expect(await result(node, "chain_getBlockHash", 0)).toBe(node.genesisHash);
    expect(await result(node, "system_health")).toMatchObject({ isSyncing: false });
  });

  it("a real client notices an upgrade while it is connected, and decodes by it", async () => {
    const node = await start();
    const api = await ApiPromise.create({ provider: new WsProvider(node.endpoint), noInitWarn: true });
    cleanup.push(() => api.disconnect());
    const name = () => api.tx.subtensorModule?.setWeights?.meta.args[0]?.typeName.toString();
    const updated = new Promise((resolve) => {
      api.rpc.state.subscribeRuntimeVersion((version) => {
        if (version.specVersion.toNumber() === 425) resolve(version);
      });
    });
    node.faults.set({ kind: "spec-bump", change: "argument" });
    await updated;
    await expect.poll(() => api.tx.subtensorModule?.setWeights?.meta.args.length).toBe(5);
    expect(name()).toBe("NetUid");
  });

  it("nobody but loopback may set a fault", async () => {
    const node = await startLocalNode({
      host: "0.0.0.0",
      port: 0,
      mode: { kind: "manual" },
      logger: silentLogger,
    });
    cleanup.push(() => node.close());
    const local = { endpoint: node.endpoint.replace("0.0.0.0", "127.0.0.1") };
    expect((await call(local, "dev_setFault", { kind: "down" })).error?.code).toBe(-32601);
  });
});
