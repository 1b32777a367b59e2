import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { bytesToHex } from "../types/hex.ts";
import { BlockAuthor } from "./block-author.ts";
import { ChainClock } from "./chain-clock.ts";
import { ChainStates } from "./chain-states.ts";
import { FaultBoard } from "./faults/fault-board.ts";
import { JsonRpc } from "./json-rpc.ts";
import { createMethods } from "./rpc/methods.ts";
import { openSocket, post, type RawSocket } from "./rpc-client.test-kit.ts";
import { startRpcServer } from "./rpc-server.ts";
import { createTestChain, type TestChain } from "./test-chain.test-kit.ts";

const cleanup: (() => Promise<void> | void)[] = [];

beforeAll(keysReady);
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

/** A server whose chain can be looked into. */
async function serve(): Promise<{ endpoint: string; chain: TestChain }> {
  const chain = createTestChain();
  const { node } = chain;
  const author = new BlockAuthor(node, { kind: "manual" }, systemClock, silentLogger);
  const states = new ChainStates(node, new ChainClock(systemClock, 12_000));
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    rpc: new JsonRpc(createMethods({ dev: true }), silentLogger),
    context: { node, author, states, faults: new FaultBoard(), travelTo: () => {} },
  });
  cleanup.push(() => server.close());
  return { endpoint: `ws://127.0.0.1:${server.port}`, chain };
}

async function socketOf(server: { endpoint: string }): Promise<RawSocket> {
  const client = await openSocket(server);
  cleanup.push(() => client.socket.terminate());
  return client;
}

function asked(method: string, params: unknown[] = [], id = 1) {
  return { jsonrpc: "2.0", id, method, params };
}

describe("the server's limits", () => {
  it("refuse a body of more than 15 MiB, said beforehand or not", async () => {
    const server = await serve();
    const large = "x".repeat(15 * 1024 * 1024 + 1);
    const refused = await post(server, "", { "content-length": String(large.length) }).catch(
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ status: 413 });
    const endless = await post(server, large, { "transfer-encoding": "chunked" }).catch(() => "cut off");
    expect(endless === "cut off" || (endless as { status: number }).status === 413).toBe(true);
    expect(JSON.parse((await post(server, JSON.stringify(asked("system_chain")))).body)).toHaveProperty(
      "result",
    );
  });

  it("refuse a batch of more than 1,000 calls", async () => {
    const server = await serve();
    const batch = Array.from({ length: 1_001 }, (_, id) => asked("system_chain", [], id));
    expect(JSON.parse((await post(server, JSON.stringify(batch))).body)).toMatchObject({
      error: { code: -32600, data: "a batch has 1 to 1000 calls" },
    });
    const { body } = await post(server, JSON.stringify(batch.slice(1)));
    expect(JSON.parse(body)).toHaveLength(1_000);
  });

  it("refuse the 1,025th subscription of a connection, and give the place of a cancelled one away", async () => {
    const server = await serve();
    const client = await socketOf(server);
    for (let id = 0; id < 1_025; id++) client.send(asked("state_subscribeStorage", [[]], id));
    const answers = (await client.until(1_025 + 1_024)).filter((message) => "id" in message);
    expect(answers.at(-1)).toMatchObject({ id: 1_024, error: { code: -32006 } });
    client.send(asked("state_unsubscribeStorage", [answers[0]!.result], 2_000));
    client.send(asked("state_subscribeStorage", [[]], 2_001));
    const later = (await client.until(1_025 + 1_024 + 3)).slice(-3);
    expect(later).toMatchObject([{ id: 2_000, result: true }, { id: 2_001 }, {}]);
    expect(later[1]).toHaveProperty("result");
  });

  it("refuse the 257th connection, and take another when one has gone", async () => {
    const server = await serve();
    const { hostname, port } = new URL(server.endpoint);
    const open = async (): Promise<Socket> => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      cleanup.push(() => void socket.destroy());
      await once(socket, "connect");
      return socket;
    };
    const sockets = [];
    for (let i = 0; i < 256; i++) sockets.push(await open());
    await once(await open(), "close");
    sockets[0]!.destroy();
    await expect
      .poll(() =>
        post(server, JSON.stringify(asked("system_chain"))).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  it("leave nothing behind of connections that come, subscribe, submit and go", async () => {
    const server = await serve();
    const { node, sign } = server.chain;
    const remark = { type: "System", value: { type: "remark", value: { remark: new Uint8Array(1) } } };
    for (let round = 0; round < 60; round++) {
      const client = await openSocket(server);
      const waiting = bytesToHex(sign("Alice", remark, { nonce: round + 1 }));
      client.send(asked("chain_subscribeNewHeads"));
      client.send(asked("chain_subscribeFinalizedHeads"));
      client.send(asked("state_subscribeStorage", [["0x00"]]));
      client.send(asked("state_subscribeRuntimeVersion"));
      client.send(asked("author_submitAndWatchExtrinsic", [waiting], 9));
      await client.until(10);
      expect(node.watched).toBeGreaterThan(0);
      client.socket.terminate();
      await client.closed;
    }
    const followers = () => [
      node.view.onHead.size,
      node.view.onFinalized.size,
      node.view.onStorage.size,
      node.onUpgraded.size,
      node.watched,
    ];
    await expect.poll(followers).toEqual([0, 0, 0, 0, 0]);
    expect(node.pool.size, "what was submitted still waits").toBe(60);
  });
});
