import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { isSubforgeError } from "../errors.ts";
import { Keypair, keysReady } from "../keys/keypair.ts";
import { silentLogger } from "../logger.ts";
import type { ChainValue } from "../template.ts";
import type { Hex } from "../types.ts";
import type { Chain } from "./chain.ts";
import { sendCall } from "./send-call.ts";
import { openSubstrateChain } from "./substrate-chain.ts";

const TAO = 1_000_000_000n;
const CHAIN_VALUES: ChainValue["kind"][] = [
  ...(["alpha-price", "alpha-moving-price", "pool-tao", "pool-alpha"] as const),
  ...(["burn-cost", "block-interval"] as const),
];

let node: LocalNode;
let chain: Chain;
let alice: Keypair;
let hotkey: Keypair;
let netuid: number;

beforeAll(async () => {
  await keysReady();
  alice = Keypair.fromUri("//Alice");
  hotkey = Keypair.fromUri("//Alice//hotkey");
  node = await startLocalNode({ port: 0, mode: { kind: "instant" }, logger: silentLogger });
  chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  await sendCall(chain, { kind: "registerNetwork", hotkey: hotkey.address }, alice);
  netuid = await newest();
  await sendCall(chain, { kind: "startCall", netuid }, alice);
});

afterAll(async () => {
  await chain?.close();
  await node?.close();
});

describe("a chain behind the port", () => {
  it("says who it is and refuses to be another", async () => {
    expect(chain.identity).toMatchObject({ genesis: node.genesisHash, specName: "node-subtensor" });
    const pinned = openSubstrateChain(
      { endpoint: node.endpoint, genesis: `0x${"00".repeat(32)}` },
      silentLogger,
    );
    await expect(pinned).rejects.toMatchObject({ code: "CHAIN_WRONG_GENESIS" });
  });

  it("reads the rules of a subnet at one block", async () => {
    const rules = await chain.subnetRules(netuid);
    expect(rules).toMatchObject({ netuid, tempo: 360, commitRevealEnabled: true });
    expect(rules.nextEpochBlock).toBe(rules.lastEpochBlock + rules.tempo);
    await expect(chain.subnetRules(999)).rejects.toMatchObject({ code: "CHAIN_NO_SUBNET" });
    await expect(chain.metagraph(999)).rejects.toMatchObject({ code: "CHAIN_NO_SUBNET" });
  });

  it("registers, stakes, serves and commits, and reads all of it back", async () => {
    const miner = Keypair.fromUri("//Miner");
    await sendCall(chain, { kind: "burnedRegister", netuid, hotkey: miner.address }, alice);
    await sendCall(chain, { kind: "addStake", netuid, hotkey: miner.address, amountRao: 5n * TAO }, alice);
    await sendCall(chain, { kind: "serveAxon", netuid, ip: "::ffff:127.0.0.1", port: 8091 }, miner);
    await sendCall(chain, { kind: "commit", netuid, data: new Uint8Array([1, 2, 3]) }, miner);

    const { neurons } = await chain.metagraph(netuid);
    expect(neurons[1]).toMatchObject({ uid: 1, hotkey: miner.address, axon: { port: 8091 } });
    expect(neurons[1]!.stakeRao).toBeGreaterThan(0n);
    expect((await chain.commitment(netuid, miner.address))?.data).toEqual(new Uint8Array([1, 2, 3]));
    expect(await chain.commitment(netuid, hotkey.address)).toBeUndefined();
    await sendCall(chain, { kind: "commit", netuid, data: new Uint8Array(300).fill(7) }, miner);
    expect((await chain.commitment(netuid, miner.address))?.data).toEqual(new Uint8Array(300).fill(7));
    const before = await chain.head();
    await sendCall(chain, { kind: "commit", netuid, data: new Uint8Array([4]) }, miner);
    const both = [hotkey.address, miner.address];
    const now = await chain.commitments(netuid, both);
    expect([...now.keys()]).toEqual([miner.address]);
    expect(now.get(miner.address)!.data).toEqual(new Uint8Array([4]));
    const then = (await chain.commitments(netuid, both, before.hash)).get(miner.address)!;
    expect(then.data).toEqual(new Uint8Array(300).fill(7));
    expect(then.block).toBeLessThan(now.get(miner.address)!.block);
    expect((await chain.commitments(netuid, [])).size).toBe(0);
  });

  it("knows prices, reserves, costs and intervals after any block, and they stay what they were", async () => {
    const { hash } = await chain.head();
    const read = async (at: Hex) => {
      const values: Record<string, number> = {};
      for (const kind of CHAIN_VALUES) values[kind] = await chain.valueAt({ kind, netuid }, at);
      return values;
    };
    const before = await read(hash);
    expect(before["pool-tao"]).toBeGreaterThan(0);
    expect(before["alpha-price"]).toBeCloseTo(before["pool-tao"]! / before["pool-alpha"]!, 6);
    expect(before["burn-cost"]).toBeGreaterThan(0);
    expect(before["alpha-moving-price"]).toBeGreaterThanOrEqual(0);
    expect(before["block-interval"]).toBeGreaterThan(0);
    await sendCall(
      chain,
      { kind: "addStake", netuid, hotkey: hotkey.address, amountRao: 5_000_000_000n },
      alice,
    );
    const after = await read((await chain.head()).hash);
    expect(after["pool-tao"]).toBeGreaterThan(before["pool-tao"]! + 4.9);
    expect(after["alpha-price"]).toBeGreaterThan(before["alpha-price"]!);
    expect(await read(hash)).toEqual(before);
    await expect(chain.valueAt({ kind: "pool-tao", netuid: 999 }, hash)).rejects.toMatchObject({
      code: "CHAIN_NO_SUBNET",
    });
  });

  it("sets weights by sudo's leave and reads the same row back", async () => {
    for (const [call, args] of [
      ["sudoSetCommitRevealWeightsEnabled", { netuid, enabled: false }],
      ["sudoSetWeightsSetRateLimit", { netuid, weightsSetRateLimit: 0 }],
    ] as const) {
      await sendCall(chain, { kind: "sudo", pallet: "adminUtils", call, args }, alice);
    }
    const weights = { uids: [0, 1], values: [65_535, 1_234] };
    await sendCall(chain, { kind: "setWeights", netuid, weights, versionKey: 0 }, hotkey);
    expect(await chain.weights(netuid, 0)).toEqual(weights);
  });

  it("names a failure in the chain's own words, also inside sudo", async () => {
    const again = sendCall(chain, { kind: "burnedRegister", netuid, hotkey: hotkey.address }, alice);
    await expect(again).rejects.toMatchObject({
      code: "CHAIN_CALL_FAILED",
      details: { error: "subtensorModule.HotKeyAlreadyRegisteredInSubNet" },
    });
    const args = { netuid: 999, tempo: 5 };
    const wrong = sendCall(chain, { kind: "sudo", pallet: "adminUtils", call: "sudoSetTempo", args }, alice);
    await expect(wrong).rejects.toMatchObject({ code: "CHAIN_CALL_FAILED" });
  });

  it("names a refusal of the pool, and signs nothing for a call it does not know", async () => {
    const call = { kind: "serveAxon", netuid, ip: "1.2.3.4", port: 80 } as const;
    await expect(sendCall(chain, call, Keypair.random())).rejects.toMatchObject({
      code: "CHAIN_CALL_REFUSED",
    });
    const unknown = { kind: "sudo", pallet: "adminUtils", call: "sudoSetWeather", args: {} } as const;
    await expect(chain.sign(unknown, alice)).rejects.toMatchObject({ code: "CHAIN_CALL_UNKNOWN" });
  });

  it("finds a call in the blocks when nobody told what became of it, and sending it again is harmless", async () => {
    const { number: from } = await chain.head();
    const signed = await chain.sign({ kind: "commit", netuid, data: new Uint8Array([9]) }, hotkey);
    expect(await chain.inclusionOf(signed.extrinsicHash, from)).toBeUndefined();
    const first = await chain.submit(signed);
    expect(await chain.inclusionOf(signed.extrinsicHash, from)).toEqual(first);
    const second = await chain.submit(signed).catch((error: unknown) => error);
    if (isSubforgeError(second)) expect(second.code).toBe("CHAIN_CALL_REFUSED");
    else expect(second).toEqual(first);
  });

  it("delivers every new block once and in order, and ends with its signal", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const { number: start } = await chain.head();
    const following = (async () => {
      for await (const { number } of chain.heads(stop.signal)) {
        seen.push(number);
        if (number >= start + 40) stop.abort();
      }
    })();
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve)); // the subscription stands
    node.newBlock(40);
    await following;
    expect(seen.slice(-41)).toEqual(Array.from({ length: 41 }, (_, i) => start + i));
  });
});

describe("a chain that goes away", () => {
  it("is an error by name while it is away, and goes on by itself when it is back", async () => {
    const first = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
    const port = Number(new URL(first.endpoint).port);
    const follower = await openSubstrateChain({ endpoint: first.endpoint }, silentLogger);
    const stop = new AbortController();
    const heads = follower.heads(stop.signal)[Symbol.asyncIterator]();
    await heads.next();
    await first.close();
    await expect.poll(() => follower.head().then(() => "", codeOf)).toBe("CHAIN_UNREACHABLE");

    const second = await startLocalNode({ port, mode: { kind: "manual" }, logger: silentLogger });
    await expect.poll(() => follower.head().then(({ number }) => number, codeOf)).toBe(0);
    second.newBlock(3);
    const next = await heads.next();
    expect(next.value).toMatchObject({ number: 1 });
    stop.abort();
    await follower.close();
    await second.close();
  });

  it("leaves the outcome of a call open when it goes with the call in its pool", async () => {
    const silent = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
    const lost = await openSubstrateChain(
      { endpoint: silent.endpoint, inclusionTimeoutMs: 1_000 },
      silentLogger,
    );
    const call = await lost.sign({ kind: "registerNetwork", hotkey: hotkey.address }, alice);
    const outcome = lost.submit(call).then(() => "", codeOf);
    await new Promise((resolve) => setTimeout(resolve, 100)); // it is in the pool; no block is made
    await silent.close();
    expect(await outcome).toBe("CHAIN_OUTCOME_UNKNOWN");
    await lost.close();
  });
});

describe("a chain that is not there", () => {
  it("is an error with its address, not a wait", async () => {
    const closed = openSubstrateChain({ endpoint: "ws://127.0.0.1:1", timeoutMs: 3_000 }, silentLogger);
    await expect(closed).rejects.toMatchObject({ code: "CHAIN_UNREACHABLE" });
    const wrong = openSubstrateChain({ endpoint: "http://127.0.0.1:1" }, silentLogger);
    await expect(wrong).rejects.toMatchObject({ code: "CHAIN_UNREACHABLE" });
  });

  it("that takes the connection and never answers ends at the deadline", async () => {
    const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const silent = openSubstrateChain({ endpoint: `ws://127.0.0.1:${port}`, timeoutMs: 500 }, silentLogger);
    await expect(silent).rejects.toMatchObject({ code: "CHAIN_UNREACHABLE" });
    server.close();
  });
});

function codeOf(error: unknown): string {
  return isSubforgeError(error) ? error.code : String(error);
}

async function newest(): Promise<number> {
  for (let candidate = 1; ; candidate++) {
    if ((await chain.metagraph(candidate)).neurons[0]?.hotkey === hotkey.address) return candidate;
  }
}
