import { beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { createPallets } from "../runtime/pallets.ts";
import { createRuntimeEngine } from "../runtime/runtime-engine.ts";
import { BlockAuthor } from "./block-author.ts";
import { ChainClock } from "./chain-clock.ts";
import { ChainNode } from "./chain-node.ts";
import { DEV_ACCOUNTS, DEV_SUDO } from "./dev-accounts.ts";
import { createTestChain } from "./test-chain.test-kit.ts";

const SLOT_MS = 20;
const engine = createRuntimeEngine(
  { pallets: createPallets({ slotMs: SLOT_MS }), slotMs: SLOT_MS },
  silentLogger,
);

beforeAll(keysReady);

function createNode(nextTimeMs: () => bigint): ChainNode {
  const genesis = { balances: DEV_ACCOUNTS, sudo: DEV_SUDO };
  return new ChainNode({ engine, genesis, nextTimeMs, keepBlocks: 100 }, silentLogger);
}

function heads(node: ChainNode, count: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const stop = node.view.onHead.add(() => {
      seen++;
      if (seen < count) return;
      stop();
      resolve();
    });
  });
}

describe("the block author", () => {
  it("logs a block that cannot be made and makes the next one", async () => {
    let calls = 0;
    const node = createNode(() => {
      calls++;
      if (calls === 1) throw new Error("no time");
      return BigInt(Date.now());
    });
    const logged: string[] = [];
    const logger = { ...silentLogger, error: (event: string) => void logged.push(event) };
    const author = new BlockAuthor(node, { kind: "interval", ms: 5 }, systemClock, logger);
    await heads(node, 2);
    author.stop();
    expect(logged).toEqual(["block-failed"]);
  });

  it("changes between timer and demand, and makes none once stopped", async () => {
    const node = createNode(() => BigInt(Date.now()));
    const author = new BlockAuthor(node, { kind: "manual" }, systemClock, silentLogger);
    expect(author.newBlock(3).header.number).toBe(3);
    author.setMode({ kind: "interval", ms: 5 });
    await heads(node, 2);
    author.stop();
    const { number } = node.head.header;
    await systemClock.sleep(25);
    expect(node.head.header.number).toBe(number);
    expect(author.newBlock().header.number).toBe(number + 1);
  });

  it("makes a block for what is ready as soon as it is, and none for what waits", async () => {
    const chain = createTestChain();
    const { node } = chain;
    const author = new BlockAuthor(node, { kind: "instant" }, systemClock, silentLogger);
    const remark = { type: "System", value: { type: "remark", value: { remark: new Uint8Array(1) } } };
    node.submit(chain.sign("Alice", remark, { nonce: 1 }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.head.header.number).toBe(0);
    const made = heads(node, 1);
    node.submit(chain.sign("Alice", remark, { nonce: 0 }));
    await made;
    expect(node.head.extrinsics).toHaveLength(3);
    author.stop();
  });
});

describe("the chain's clock", () => {
  it("moves by slots on demand, follows the machine on a timer, and never stands still", () => {
    let nowMs = 1_000;
    let following = false;
    const clock = new ChainClock({ ...systemClock, nowMs: () => nowMs }, 12_000);
    clock.followWhen(() => following);
    expect([clock.next(), clock.next(), clock.next()]).toEqual([1_000n, 13_000n, 25_000n]);
    following = true;
    nowMs = 2_000;
    expect(clock.next()).toBe(25_001n); // the machine is behind: time does not go back
    nowMs = 50_000;
    expect(clock.next()).toBe(50_000n);
  });

  it("travels, and goes on from there", () => {
    let nowMs = 1_000;
    const clock = new ChainClock({ ...systemClock, nowMs: () => nowMs }, 12_000);
    clock.travelTo(1_000_000);
    expect([clock.next(), clock.next()]).toEqual([1_000_000n, 1_012_000n]);
    clock.followWhen(() => true);
    nowMs = 31_000;
    expect(clock.next()).toBe(1_030_000n);
  });
});
