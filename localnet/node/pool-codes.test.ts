import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import type { RuntimeCall } from "../runtime/dsl/context.ts";
import { freeBalance } from "../runtime/pallets/accounts.ts";
import { RpcError } from "./rpc-error.ts";
import { createTestChain, type TestChain } from "./test-chain.test-kit.ts";
import { TransactionPool } from "./transaction-pool.ts";
import type { TransactionStatus } from "./transaction-watchers.ts";

const remark: RuntimeCall = {
  type: "System",
  value: { type: "remark", value: { remark: new Uint8Array([1, 2, 3]) } },
};

function transfer(chain: TestChain, to: string, value: bigint): RuntimeCall {
  const dest = { type: "Id", value: chain.account(to) };
  return { type: "Balances", value: { type: "transfer_keep_alive", value: { dest, value } } };
}

function sudo(call: RuntimeCall): RuntimeCall {
  return { type: "Sudo", value: { type: "sudo", value: { call } } };
}

/** Code and data of the refusal. */
function refusal(work: () => unknown): [number, string | undefined] {
  try {
    work();
  } catch (error) {
    if (error instanceof RpcError) return [error.code, error.data];
    throw error;
  }
  throw new Error("it was accepted");
}

beforeAll(keysReady);

describe("L2: the pool refuses with the codes of the real chain", () => {
  it("a flipped bit anywhere in the signed part is a bad signature", () => {
    const chain = createTestChain();
    const signed = chain.sign("Alice", remark);
    const forged = signed.slice();
    forged[forged.length - 1]! ^= 1;
    expect(refusal(() => chain.node.submit(forged))).toEqual([1010, "Transaction has a bad signature"]);
    expect(chain.node.submit(signed)).toMatch(/^0x/);
  });

  it("another genesis and another spec version are bad signatures, too", () => {
    const chain = createTestChain();
    const elsewhere = chain.sign("Alice", remark, { genesisHash: `0x${"11".repeat(32)}` });
    expect(refusal(() => chain.node.submit(elsewhere))[1]).toBe("Transaction has a bad signature");
    const newer = chain.sign("Alice", remark, { specVersion: 425 });
    expect(refusal(() => chain.node.submit(newer))[1]).toBe("Transaction has a bad signature");
  });

  it("a used nonce is outdated", () => {
    const chain = createTestChain();
    chain.run("Alice", remark);
    const stale = chain.sign("Alice", transfer(chain, "Bob", 1n), { nonce: 0 });
    expect(refusal(() => chain.node.submit(stale))).toEqual([1010, "Transaction is outdated"]);
  });

  it("a later nonce waits, and gets into the block in which the gap closes", () => {
    const chain = createTestChain();
    const statuses: TransactionStatus[] = [];
    chain.node.submit(chain.sign("Alice", remark, { nonce: 1 }), (status) => statuses.push(status));
    const empty = chain.node.newBlock();
    expect(empty.extrinsics).toHaveLength(1);
    chain.node.submit(chain.sign("Alice", remark, { nonce: 0 }));
    const block = chain.node.newBlock();
    expect(block.extrinsics).toHaveLength(3);
    expect(statuses).toEqual(["future", "ready", { inBlock: block.hash }, { finalized: block.hash }]);
  });

  it("the same bytes twice are already imported", () => {
    const chain = createTestChain();
    const signed = chain.sign("Alice", remark);
    const hash = chain.node.submit(signed);
    expect(refusal(() => chain.node.submit(signed))).toEqual([1013, hash]);
  });

  it("the same nonce needs a higher priority: a sudo call takes the place of a plain one, not the reverse", () => {
    const chain = createTestChain();
    const statuses: TransactionStatus[] = [];
    chain.node.submit(chain.sign("Alice", remark), (status) => statuses.push(status));
    expect(refusal(() => chain.node.submit(chain.sign("Alice", transfer(chain, "Bob", 1n))))[0]).toBe(1014);
    const setStorage: RuntimeCall = {
      type: "System",
      value: { type: "set_storage", value: { items: [[Uint8Array.of(1), Uint8Array.of(2)]] } },
    };
    const hash = chain.node.submit(chain.sign("Alice", sudo(setStorage)));
    expect(statuses).toEqual(["ready", { usurped: hash }]);
    chain.node.newBlock();
    expect(chain.node.state.get("0x01")).toEqual(Uint8Array.of(2));
  });

  it("an account that cannot pay is told so", () => {
    const chain = createTestChain();
    const poor = chain.sign("Nobody", remark, { nonce: 0 });
    expect(refusal(() => chain.node.submit(poor))).toEqual([
      1010,
      "Inability to pay some fees (e.g. account balance too low)",
    ]);
  });

  it("a sudo call of anybody else is refused before it is in a block", () => {
    const chain = createTestChain();
    const call = sudo(remark);
    expect(refusal(() => chain.node.submit(chain.sign("Bob", call)))).toEqual([
      1010,
      "Invalid signing address",
    ]);
  });

  it("an era that is over has a bad signature, and one that names an unknown block an ancient birth block", () => {
    const chain = createTestChain();
    const era = { period: 4, phase: 0 };
    const fresh = chain.sign("Alice", remark, { era, birthHash: chain.node.genesisHash });
    for (let i = 0; i < 4; i++) chain.node.newBlock();
    expect(refusal(() => chain.node.submit(fresh))[1]).toBe("Transaction has a bad signature");
    const ahead = chain.sign("Alice", remark, {
      era: { period: 64, phase: 60 },
      birthHash: chain.node.genesisHash,
    });
    expect(refusal(() => chain.node.submit(ahead))[1]).toBe("Transaction has an ancient birth block");
  });

  it("a mortal transaction leaves the pool when its era ends", () => {
    const chain = createTestChain();
    const statuses: TransactionStatus[] = [];
    const era = { period: 4, phase: 0 };
    const waiting = chain.sign("Alice", remark, { nonce: 1, era, birthHash: chain.node.genesisHash });
    chain.node.submit(waiting, (status) => statuses.push(status));
    for (let i = 0; i < 5; i++) chain.node.newBlock();
    expect(statuses).toEqual(["future", "invalid"]);
    expect(chain.node.pool.size).toBe(0);
  });

  it("what cannot be decoded names what this chain does not have", () => {
    const chain = createTestChain();
    const bytes = chain.sign("Alice", remark);
    const unknownPallet = bytes.slice();
    unknownPallet[unknownPallet.length - 6] = 99;
    const unknownCall = bytes.slice();
    unknownCall[unknownCall.length - 5] = 99;
    const message = (submitted: Uint8Array) => {
      try {
        chain.node.submit(submitted);
      } catch (error) {
        if (error instanceof RpcError && error.code === 1002) return error.message;
      }
      return undefined;
    };
    expect(message(unknownPallet)).toContain("no pallet 99");
    expect(message(unknownCall)).toContain("no call 99 of System");
    expect(message(bytes.slice(0, -1))).toContain("Verification Error");
    expect(message(new Uint8Array(0))).toContain("Verification Error");
  });

  it("a tip is taken with the fee, and one that cannot be paid is refused", () => {
    const chain = createTestChain();
    const tipped = (tip: bigint) => chain.sign("Alice", remark, { tip });
    expect(refusal(() => chain.node.submit(tipped(2n ** 60n)))).toEqual([
      1010,
      "Inability to pay some fees (e.g. account balance too low)",
    ]);
    const spent = (tip: bigint) => {
      const before = freeBalance(chain.node.state, chain.account("Alice"));
      chain.node.submit(tipped(tip));
      chain.node.newBlock();
      return before - freeBalance(chain.node.state, chain.account("Alice"));
    };
    const tip = 3_000_000_000n;
    const more = spent(tip) - spent(0n) - tip;
    expect(more).toBeGreaterThanOrEqual(0n); // the tip itself makes the transaction some bytes longer
    expect(more).toBeLessThan(tip / 100n);
  });

  it("one that is longer than a block would exhaust it", () => {
    const chain = createTestChain();
    const call: RuntimeCall = {
      type: "System",
      value: { type: "remark", value: { remark: new Uint8Array(8 * 1024 * 1024) } },
    };
    expect(refusal(() => chain.node.submit(chain.sign("Alice", call)))).toEqual([
      1010,
      "Transaction would exhaust the block limits",
    ]);
  });

  it("the address of somebody else is a bad signature", () => {
    const chain = createTestChain();
    const signed = chain.sign("Alice", remark);
    const stolen = signed.slice();
    const [alice, bob] = ["Alice", "Bob"].map((name) => Buffer.from(chain.account(name).slice(2), "hex"));
    stolen.set(bob!, Buffer.from(signed).indexOf(alice!));
    expect(refusal(() => chain.node.submit(stolen))).toEqual([1010, "Transaction has a bad signature"]);
  });

  it("a call without a signature is not expected", () => {
    const chain = createTestChain();
    const bare = Uint8Array.from([5 * 4, 0x04, 0, 0, 4, 1]);
    expect(refusal(() => chain.node.submit(bare))).toEqual([1010, "Transaction call is not expected"]);
  });

  it("a metadata hash, which this chain does not check, makes the validity unknown", () => {
    const chain = createTestChain();
    const signed = chain.sign("Alice", remark);
    const checked = signed.slice();
    checked[checked.length - 7] = 1; // the mode, in front of the call
    expect(refusal(() => chain.node.submit(checked))).toEqual([
      1011,
      "Could not lookup information required to validate the transaction",
    ]);
  });

  it("a full pool drops what comes, until there is room", () => {
    const pool = new TransactionPool();
    const valid = { ok: true as const, priority: 1n, requires: [], longevity: 64 };
    for (let i = 0; i < 8_192; i++)
      pool.add(`0x${i}`, new Uint8Array(1), { ...valid, provides: [`${i}`] }, 0);
    const one = () => pool.add("0xnew", new Uint8Array(1), { ...valid, provides: ["new"] }, 0);
    expect(refusal(one)[0]).toBe(1016);
    pool.include("0x0");
    expect(one().promoted).toHaveLength(1);
  });

  it("any damage to a transaction is refused with a code, and the chain goes on", () => {
    const chain = createTestChain();
    const signed = chain.sign("Alice", sudo(transfer(chain, "Bob", 1n)));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (edits, cut) => {
          const bytes = cut % 3 === 0 ? signed.slice(0, cut % signed.length) : signed.slice();
          for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
          if (Buffer.compare(bytes, signed) === 0) return;
          expect([1002, 1010, 1011]).toContain(refusal(() => chain.node.submit(bytes))[0]);
        },
      ),
      { numRuns: 300 },
    );
    expect(chain.node.newBlock().extrinsics).toHaveLength(1);
  });
});
