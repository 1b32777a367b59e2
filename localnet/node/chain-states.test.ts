import { beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { createPallets } from "../runtime/pallets.ts";
import { createRuntimeEngine } from "../runtime/runtime-engine.ts";
import { bytesToHex } from "../types/hex.ts";
import { ChainClock } from "./chain-clock.ts";
import { ChainStates } from "./chain-states.ts";
import { type LocalNode, startLocalNode } from "./local-node.ts";
import { result } from "./rpc-client.test-kit.ts";
import { createTestChain, type TestChain } from "./test-chain.test-kit.ts";

const NAME = "chain.state";

beforeAll(keysReady);

function statesOf({ node }: TestChain): ChainStates {
  return new ChainStates(node, new ChainClock(systemClock, 12_000));
}

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    if (isSubforgeError(error)) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

function transfer(chain: TestChain, rao: bigint) {
  const dest = { type: "Id", value: chain.account("Bob") };
  return { type: "Balances", value: { type: "transfer_keep_alive", value: { dest, value: rao } } };
}

/** Some blocks with transactions in them. */
function grown(): TestChain {
  const chain = createTestChain();
  for (let i = 1n; i <= 3n; i++) chain.run("Alice", transfer(chain, i * 1_000n));
  chain.node.newBlock();
  return chain;
}

/** Change one word of the file's first line. */
function relabel(file: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(file).toString("latin1");
  return new Uint8Array(Buffer.from(text.replace(from, to), "latin1"));
}

describe("a dumped chain", () => {
  it("goes on elsewhere as the same chain: identity, state, nonces, next roots", () => {
    const first = grown();
    const file = statesOf(first).dump();
    const second = createTestChain();
    second.run("Bob", transfer(second, 5n));
    statesOf(second).restore(file, NAME);
    const [a, b] = [first.node, second.node];
    expect([b.genesisHash, b.head.hash, b.state.lastRoot]).toEqual([
      a.genesisHash,
      a.head.hash,
      a.state.lastRoot,
    ]);
    expect([...b.state.keys("0x")].map((key) => [key, b.state.get(key)])).toEqual(
      [...a.state.keys("0x")].map((key) => [key, a.state.get(key)]),
    );
    expect([1, 2, 3, 4].map((number) => b.blocks.hashOf(number))).toEqual(
      [1, 2, 3, 4].map((number) => a.blocks.hashOf(number)),
    );
    expect(b.find(b.head.header.parentHash), "only the last block is kept whole").toBeUndefined();
    expect(second.nonce("Alice")).toBe(3);
    expect(second.run("Alice", transfer(second, 7n)).at(-1)).toBe("System.ExtrinsicSuccess");
    expect(b.head.header.parentHash).toBe(a.head.hash);
    expect(b.view.finalizedHash).toBe(b.head.hash);
  });

  it("can be gone back to, and no further", () => {
    const chain = createTestChain();
    statesOf(chain).restore(statesOf(grown()).dump(), NAME);
    const { hash } = chain.node.head;
    for (let i = 0; i < 3; i++) chain.node.newBlock();
    chain.node.revertTo(4);
    expect(chain.node.head.hash).toBe(hash);
    expect(() => chain.node.stateAt(chain.node.genesisHash)).toThrow("State already discarded");
  });

  it("drops what waits here, and tells followers of the new head", () => {
    const chain = createTestChain();
    const file = statesOf(grown()).dump();
    const statuses: unknown[] = [];
    const heads: number[] = [];
    chain.node.view.onHead.add(({ header }) => heads.push(header.number));
    chain.node.submit(chain.sign("Alice", transfer(chain, 1n)), (status) => statuses.push(status));
    statesOf(chain).load(file);
    expect(statuses).toEqual(["ready", "dropped"]);
    expect(heads).toEqual([4]);
    expect(chain.node.view.finalizedNumber).toBe(4);
  });

  it("is loaded over the wire only by a chain of the same genesis, and refused by name otherwise", async () => {
    const nodes: LocalNode[] = [];
    const start = async (state?: { file: Uint8Array; name: string }) => {
      const node = await startLocalNode({
        port: 0,
        mode: { kind: "manual" },
        logger: silentLogger,
        ...(state && { state }),
      });
      nodes.push(node);
      return node;
    };
    try {
      const [a, b] = [await start(), await start()];
      a.newBlock(5);
      const file = await result(a, "dev_dumpState");
      expect(await result(b, "dev_loadState", file)).toBe(a.head().hash);
      const foreign = Buffer.from(statesOf(grown()).dump());
      await expect(result(b, "dev_loadState", foreign.toString("base64"))).rejects.toThrow(
        "is the state of another chain: it is of the chain",
      );
      await expect(result(b, "dev_loadState", "AAAA")).rejects.toThrow("is no state of a chain");
      const c = await start({ file: new Uint8Array(foreign), name: NAME });
      expect(c.head().number).toBe(4);
      expect(c.genesisHash).toBe(createTestChain().node.genesisHash);
      expect(c.newBlock()).toBe(5);
    } finally {
      for (const node of nodes) await node.close();
    }
  });
});

describe("L4: a dump of another version", () => {
  it("of the format is refused by its number, whatever else it says", () => {
    const file = relabel(statesOf(grown()).dump(), '"version":1', '"version":2');
    const { code, message } = refusal(() => statesOf(createTestChain()).restore(file, NAME));
    expect(code).toBe("CHAIN_STATE_INCOMPATIBLE");
    expect(message).toContain("version 2 of the format, this release reads 1");
  });

  it("of the runtime is refused by name, and the chain stays as it was", () => {
    const chain = grown();
    const { node } = chain;
    node.upgrade(node.engine.upgraded!({ specVersion: 425, change: "newtype" }));
    const file = statesOf(chain).dump();
    const old = createTestChain();
    const before = old.node.state.dump();
    const { code, message } = refusal(() => statesOf(old).restore(file, NAME));
    expect(code).toBe("CHAIN_STATE_INCOMPATIBLE");
    expect(message).toContain("made by node-subtensor 425");
    expect(old.node.state.dump()).toEqual(before);
  });

  it("of the other engine is refused: one has its code in its state", () => {
    const chain = grown();
    chain.node.newBlock((store) => store.put("0x3a636f6465", Uint8Array.of(0)));
    const file = statesOf(chain).dump();
    const { message } = refusal(() => statesOf(createTestChain()).restore(file, NAME));
    expect(message).toMatch(/made by node-subtensor 424 as the blob 0x.*as modelled in TypeScript/);
  });

  it("of the same runtime whose release declares more keeps its identity", () => {
    const slotMs = 250;
    const engine = createRuntimeEngine({ pallets: createPallets({ slotMs }), slotMs }, silentLogger);
    expect(bytesToHex(engine.metadata(16))).not.toBe(bytesToHex(createTestChain().node.engine.metadata(16)));
    const chain = createTestChain({ engine });
    const dumped = grown();
    expect(chain.node.genesisHash).not.toBe(dumped.node.genesisHash);
    statesOf(chain).restore(statesOf(dumped).dump(), NAME);
    expect(chain.node.genesisHash).toBe(dumped.node.genesisHash);
  });
});

describe("a file that is damaged", () => {
  it("anywhere is refused, and nothing is changed", () => {
    const file = statesOf(grown()).dump();
    const chain = createTestChain();
    const before = chain.node.state.dump();
    const damaged = [
      new Uint8Array(0),
      file.slice(0, 40),
      file.slice(0, -1),
      Uint8Array.from([...file, 0]),
      relabel(file, '"block":4', '"block":9'),
      ...[0, 100, Math.floor(file.length / 2), file.length - 9].map((at) => {
        const changed = file.slice();
        changed[at]! ^= 0x40;
        return changed;
      }),
    ];
    for (const bytes of damaged)
      expect(refusal(() => statesOf(chain).restore(bytes, NAME)).code).toBe("CHAIN_STATE_INVALID");
    expect(chain.node.state.dump()).toEqual(before);
  });
});
