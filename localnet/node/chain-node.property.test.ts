import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import type { Hex } from "../../shared/types.ts";
import { applyChainFaults } from "./faults/chain-faults.ts";
import type { Fault } from "./faults/fault.ts";
import { FaultBoard } from "./faults/fault-board.ts";
import { RpcError } from "./rpc-error.ts";
import { createTestChain, type TestChain } from "./test-chain.test-kit.ts";
import type { TransactionStatus } from "./transaction-watchers.ts";

const SENDERS = ["Alice", "Bob"];
const remark = { type: "System", value: { type: "remark", value: { remark: new Uint8Array(1) } } };

/** What may be said of a transaction after what. Nothing follows what is not a key. */
const NEXT: Record<string, readonly string[]> = {
  submitted: ["future", "ready"],
  future: ["ready", "dropped", "invalid", "usurped"],
  ready: ["inBlock", "future", "dropped", "invalid", "usurped"],
  inBlock: ["retracted", "finalized", "finalityTimeout"],
  retracted: ["ready", "future", "dropped", "invalid", "usurped"],
};

type Step =
  | { do: "submit"; sender: number; ahead: number }
  | { do: "blocks"; count: number }
  | { do: "fault"; fault: Fault }
  | { do: "clear"; kind: "lagging" | "stalled-finality" | "spec-bump" | "pruned" }
  | { do: "back"; blocks: number };

const small = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("submit" as const), sender: fc.nat(1), ahead: fc.nat(2) }),
  fc.record({ do: fc.constant("blocks" as const), count: small }),
  fc.record({
    do: fc.constant("fault" as const),
    fault: fc.oneof(
      fc.constant<Fault>({ kind: "stalled-finality" }),
      small.map((behind): Fault => ({ kind: "stalled-finality", behind })),
      small.map((count): Fault => ({ kind: "stalled-finality", count })),
      fc.constant<Fault>({ kind: "lagging" }),
      small.map((blocks): Fault => ({ kind: "lagging", blocks })),
      small.map((blocks): Fault => ({ kind: "pruned", blocks })),
      fc.tuple(small, fc.boolean()).map(([depth, lose]): Fault => ({ kind: "reorg", depth, lose })),
      fc.constant<Fault>({ kind: "spec-bump", change: "none" }),
    ),
  }),
  fc.record({
    do: fc.constant("clear" as const),
    kind: fc.constantFrom(
      "lagging" as const,
      "stalled-finality" as const,
      "spec-bump" as const,
      "pruned" as const,
    ),
  }),
  fc.record({ do: fc.constant("back" as const), blocks: small }),
);

beforeAll(keysReady);

/** A chain with followers that check each thing they are told. */
function observed() {
  const chain = createTestChain();
  const { node } = chain;
  const faults = new FaultBoard();
  applyChainFaults(faults, node);
  let lastFinal = 0;
  node.view.onHead.add(({ header, hash }) => expect(node.blocks.hashOf(header.number)).toBe(hash));
  node.view.onFinalized.add(({ header }) => {
    expect(header.number, "finalized blocks come one by one").toBe(lastFinal + 1);
    lastFinal = header.number;
  });
  const told = new Map<Hex, string[]>();
  const follow = (bytes: Uint8Array): void => {
    const statuses = ["submitted"];
    const hash = node.submit(bytes, (status) => statuses.push(nameOf(status)));
    told.set(hash, statuses);
  };
  const goBack = (blocks: number): void => {
    const number = Math.max(0, node.head.header.number - blocks);
    node.revertTo(number);
    lastFinal = Math.min(lastFinal, number);
    // Somebody turned the chain back: what was final and is gone must not count as an error.
    const included = includedIn(chain);
    for (const [hash, statuses] of told)
      if (statuses.at(-1) === "finalized" && !included.has(hash)) told.delete(hash);
  };
  return { chain, faults, told, follow, goBack };
}

function nameOf(status: TransactionStatus): string {
  return typeof status === "string" ? status : Object.keys(status)[0]!;
}

function perform({ chain, faults, follow, goBack }: ReturnType<typeof observed>, action: Step): void {
  switch (action.do) {
    case "submit": {
      const sender = SENDERS[action.sender]!;
      const { specVersion } = chain.node.engine.version();
      follow(chain.sign(sender, remark, { nonce: chain.nonce(sender) + action.ahead, specVersion }));
      break;
    }
    case "blocks":
      for (let i = 0; i < action.count; i++) chain.node.newBlock();
      break;
    case "fault":
      faults.set(action.fault);
      break;
    case "clear":
      faults.clear(action.kind);
      break;
    case "back":
      goBack(action.blocks);
  }
}

function check({ chain, told }: ReturnType<typeof observed>): void {
  const { node } = chain;
  const { head, view } = node;
  expect(node.state.head).toBe(head.header.number);
  expect(view.best.header.number).toBeLessThanOrEqual(head.header.number);
  expect(view.finalizedNumber).toBeLessThanOrEqual(view.best.header.number);
  const included = includedIn(chain);
  for (const { hash } of node.pool.all()) expect(included.has(hash), "it waits and is included").toBe(false);
  for (const [hash, statuses] of told) {
    statuses.forEach((status, i) => {
      if (i > 0) expect(NEXT[statuses[i - 1]!] ?? [], statuses.join(" ")).toContain(status);
    });
    if (statuses.at(-1) === "finalized") expect(included.has(hash), "final and gone").toBe(true);
  }
  const sent = SENDERS.reduce((sum, name) => sum + nonceAtHead(chain, name), 0);
  expect(sent, "nonces count what is included").toBe(
    [...told.keys()].filter((hash) => included.has(hash)).length,
  );
}

/** All that is in the blocks of the one branch, which hangs together. */
function includedIn({ node }: TestChain): Set<Hex> {
  const included = new Set<Hex>();
  for (let number = 1; number <= node.head.header.number; number++) {
    const { header, extrinsicHashes } = node.blocks.byNumber(number)!;
    expect(header.parentHash).toBe(node.blocks.hashOf(number - 1));
    for (const hash of extrinsicHashes) included.add(hash);
  }
  return included;
}

function nonceAtHead({ node, account }: TestChain, name: string): number {
  const { engine, head, state } = node;
  const at = { number: head.header.number, hash: head.hash };
  const args = Buffer.from(account(name).slice(2), "hex");
  const bytes = state.dryRun(() => engine.call(state, "AccountNonceApi_account_nonce", args, at));
  return new DataView(bytes.buffer).getUint32(0, true);
}

describe("a chain to which anything may happen", () => {
  it("keeps its blocks, state, pool and news of them consistent", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const world = observed();
        for (const action of steps) {
          try {
            perform(world, action);
          } catch (error) {
            if (!(error instanceof RpcError)) throw error; // refused: nothing may have changed
          }
          check(world);
        }
      }),
      { numRuns: 40 },
    );
  });
});
