import { beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../../shared/keys/keypair.ts";
import type { RuntimeCall } from "../../runtime/dsl/context.ts";
import { RpcError } from "../rpc-error.ts";
import { createTestChain, type TestChain } from "../test-chain.test-kit.ts";
import type { TransactionStatus } from "../transaction-watchers.ts";
import { applyChainFaults } from "./chain-faults.ts";
import { FaultBoard } from "./fault-board.ts";

const remark: RuntimeCall = {
  type: "System",
  value: { type: "remark", value: { remark: new Uint8Array([1]) } },
};

beforeAll(keysReady);

function create(options: { keepBlocks?: number } = {}): { chain: TestChain; faults: FaultBoard } {
  const chain = createTestChain(options);
  const faults = new FaultBoard();
  applyChainFaults(faults, chain.node);
  return { chain, faults };
}

function isDecoded({ node }: TestChain, bytes: Uint8Array): boolean {
  try {
    node.submit(bytes);
  } catch (error) {
    return error instanceof RpcError && error.code !== 1002;
  }
  return true;
}

function submit({ node, sign }: TestChain, nonce = 0): { hash: string; statuses: TransactionStatus[] } {
  const statuses: TransactionStatus[] = [];
  const hash = node.submit(sign("Alice", remark, { nonce }), (status) => statuses.push(status));
  return { hash, statuses };
}

describe("stalled finality", () => {
  it("lets blocks go on that nobody is told are final, until it ends", () => {
    const { chain, faults } = create();
    const { node } = chain;
    node.newBlock();
    const finalized: number[] = [];
    node.view.onFinalized.add(({ header }) => finalized.push(header.number));
    faults.set({ kind: "stalled-finality" });
    const { statuses } = submit(chain);
    const block = node.newBlock();
    for (let i = 0; i < 3; i++) node.newBlock();
    expect(node.view.best.header.number).toBe(5);
    expect(node.view.finalizedNumber).toBe(1);
    expect(statuses).toEqual(["ready", { inBlock: block.hash }]);
    faults.clear();
    expect(finalized).toEqual([2, 3, 4, 5]);
    expect(statuses.at(-1)).toEqual({ finalized: block.hash });
  });

  it("may lie so many blocks behind, as on a real chain, and end after some blocks", () => {
    const { chain, faults } = create();
    const { node } = chain;
    faults.set({ kind: "stalled-finality", behind: 2, count: 4 });
    const finalized = Array.from({ length: 5 }, () => {
      node.newBlock();
      return node.view.finalizedNumber;
    });
    expect(finalized).toEqual([0, 0, 1, 4, 5]);
  });

  it("is given up on after 512 blocks by whoever waits for a transaction", () => {
    const { chain, faults } = create();
    faults.set({ kind: "stalled-finality" });
    const { statuses } = submit(chain);
    const block = chain.node.newBlock();
    for (let i = 0; i < 511; i++) chain.node.newBlock();
    expect(statuses).toHaveLength(2);
    chain.node.newBlock();
    expect(statuses.at(-1)).toEqual({ finalityTimeout: block.hash });
  });
});

describe("a reorg", () => {
  it("takes transactions back to the pool, and into another block", () => {
    const { chain, faults } = create();
    const { node } = chain;
    node.newBlock();
    faults.set({ kind: "stalled-finality" });
    const heads: string[] = [];
    const { hash, statuses } = submit(chain);
    const first = node.newBlock();
    const second = submit(chain, 1);
    node.view.onHead.add((head) => heads.push(head.hash));
    faults.set({ kind: "reorg", depth: 1 });
    expect(node.head.header.number).toBe(3);
    expect(node.blocks.hashOf(2)).not.toBe(first.hash);
    expect(node.find(first.hash)).toBeUndefined();
    expect(heads, "only the new head is told").toEqual([node.head.hash]);
    expect(statuses).toEqual(["ready", { inBlock: first.hash }, { retracted: first.hash }, "ready"]);
    expect(node.pool.ready().map((entry) => entry.hash)).toEqual([hash, second.hash]);
    const again = node.newBlock();
    expect(again.extrinsicHashes.slice(1)).toEqual([hash, second.hash]);
    faults.clear();
    expect(statuses.slice(-2)).toEqual([{ inBlock: again.hash }, { finalized: again.hash }]);
    expect(second.statuses.at(-1)).toEqual({ finalized: again.hash });
  });

  it("may lose them, and then the nonce is free again", () => {
    const { chain, faults } = create();
    const { node } = chain;
    faults.set({ kind: "stalled-finality" });
    const { statuses } = submit(chain);
    node.newBlock();
    expect(chain.nonce("Alice")).toBe(1);
    faults.set({ kind: "reorg", depth: 1, lose: true });
    expect(chain.nonce("Alice")).toBe(0);
    expect(node.pool.size).toBe(0);
    expect(statuses.at(-1)).toHaveProperty("retracted");
  });

  it("never undoes what is final, and leaves no fault behind", () => {
    const { chain, faults } = create();
    chain.node.newBlock();
    expect(() => faults.set({ kind: "reorg", depth: 1 })).toThrow(RpcError);
    faults.set({ kind: "stalled-finality" });
    chain.node.newBlock();
    expect(() => faults.set({ kind: "reorg", depth: 2 })).toThrow("Invalid params");
    faults.set({ kind: "reorg", depth: 1 });
    expect(faults.list().map(({ kind }) => kind)).toEqual(["stalled-finality"]);
  });

  it("tells followers of storage what changed on the way", () => {
    const { chain, faults } = create();
    const { node } = chain;
    faults.set({ kind: "stalled-finality" });
    node.newBlock((store) => store.put("0xaa", Uint8Array.of(1)));
    const told: boolean[] = [];
    node.view.onStorage.add(({ changed }) => told.push(changed.has("0xaa")));
    faults.set({ kind: "reorg", depth: 1 });
    expect(told).toEqual([true]);
    expect(node.state.get("0xaa")).toBeUndefined();
  });
});

describe("a lagging node", () => {
  it("knows nothing of the newest blocks, and tells of each when it has caught up", () => {
    const { chain, faults } = create();
    const { node } = chain;
    for (let i = 0; i < 5; i++) node.newBlock();
    const heads: number[] = [];
    node.view.onHead.add(({ header }) => heads.push(header.number));
    faults.set({ kind: "lagging", blocks: 3 });
    expect(node.view.best.header.number).toBe(2);
    expect(node.view.finalizedNumber).toBe(2);
    expect(node.find(node.head.hash)).toBeUndefined();
    const { statuses } = submit(chain);
    const block = node.newBlock();
    node.newBlock();
    expect([node.view.best.header.number, heads, statuses]).toEqual([4, [], ["ready"]]);
    faults.clear("lagging");
    expect(heads, "what was told before is not told again").toEqual([6, 7]);
    expect(statuses).toEqual(["ready", { inBlock: block.hash }, { finalized: block.hash }]);
  });

  it("may stand still, and goes on from what it still has after a long time", () => {
    const { chain, faults } = create({ keepBlocks: 10 });
    const { node } = chain;
    node.newBlock();
    faults.set({ kind: "lagging", count: 30 });
    for (let i = 0; i < 9; i++) node.newBlock();
    expect(node.view.best.header.number).toBe(1);
    for (let i = 0; i < 20; i++) node.newBlock();
    expect(node.view.best.header.number).toBe(node.head.header.number - 9);
    node.newBlock();
    expect(node.view.best).toBe(node.head);
  });
});

describe("an upgrade of the runtime", () => {
  const weights = (netuid: number, extra: object = {}): RuntimeCall => ({
    type: "SubtensorModule",
    value: { type: "set_weights", value: { netuid, dests: [0], weights: [1], version_key: 0n, ...extra } },
  });

  it("changes version and metadata from one block to the next; older blocks keep theirs", () => {
    const { chain, faults } = create();
    const { node } = chain;
    const versions: number[] = [];
    node.onUpgraded.add(({ specVersion }) => versions.push(specVersion));
    const before = node.newBlock();
    const rules = () => node.engineAt(undefined);
    const plain = rules().metadata(15);
    faults.set({ kind: "spec-bump" });
    expect(rules().version().specVersion).toBe(425);
    const path = "subtensor_runtime_common\x18NetUid"; // as SCALE writes a path: lengths before the words
    expect(Buffer.from(rules().metadata(15)).includes(path)).toBe(true);
    expect(Buffer.from(plain).includes(path)).toBe(false);
    expect(node.engineAt(before.hash).version().specVersion).toBe(424);
    faults.clear();
    expect(rules().version().specVersion).toBe(424);
    expect(versions).toEqual([425, 424]);
  });

  it("makes what was signed for the version before a bad signature, also what waits", () => {
    const { chain, faults } = create();
    const { node } = chain;
    const { statuses } = submit(chain);
    const later = chain.sign("Alice", remark, { nonce: 1 });
    node.newBlock();
    const waiting = submit(chain, 2);
    faults.set({ kind: "spec-bump", change: "none", specVersion: 500 });
    expect(statuses).toHaveLength(3);
    expect(waiting.statuses).toEqual(["future", "invalid"]);
    expect(() => node.submit(later)).toThrow(
      expect.objectContaining({ code: 1010, data: "Transaction has a bad signature" }),
    );
    node.submit(chain.sign("Alice", remark, { nonce: 1, specVersion: 500 }));
    expect(node.newBlock().extrinsics).toHaveLength(2);
  });

  it("decodes by the changed shape: what a client encodes by the old one is no call", () => {
    const { chain, faults } = create();
    const old = chain.sign("Alice", weights(1), { specVersion: 425 });
    faults.set({ kind: "spec-bump", change: "newtype" });
    expect(isDecoded(chain, old)).toBe(true);
    faults.clear();
    faults.set({ kind: "spec-bump", change: "argument" });
    expect(isDecoded(chain, old)).toBe(false);
  });

  it("may rename a call", () => {
    const { chain, faults } = create();
    faults.set({ kind: "spec-bump", change: "rename" });
    const metadata = Buffer.from(chain.node.engine.metadata(14)).toString("latin1");
    expect(metadata).toContain("set_weights_v2");
  });

  it("is gone when its block is", () => {
    const { chain, faults } = create();
    faults.set({ kind: "spec-bump" });
    chain.node.newBlock();
    chain.node.revertTo(0);
    expect(chain.node.engineAt(undefined).version().specVersion).toBe(424);
  });
});

describe("a pruned node", () => {
  it("refuses older state in the words of the real one, and still has the blocks", () => {
    const { chain, faults } = create();
    const { node } = chain;
    const blocks = Array.from({ length: 6 }, () => node.newBlock());
    faults.set({ kind: "pruned", blocks: 2 });
    expect(node.stateAt(blocks[3]!.hash)).toBeDefined();
    expect(() => node.stateAt(blocks[2]!.hash)).toThrow(
      expect.objectContaining({
        code: 4003,
        message: `Client error: UnknownBlock: State already discarded for ${blocks[2]!.hash}`,
      }),
    );
    expect(() => node.query(blocks[0]!.hash, () => 0)).toThrow("State already discarded");
    expect(node.blockAt(blocks[0]!.hash)).toBe(blocks[0]);
    faults.clear();
    expect(node.stateAt(blocks[0]!.hash)).toBeDefined();
  });
});
