import { beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import { createTestChain, type TestChain } from "../node/test-chain.test-kit.ts";
import { Overlay } from "../state/overlay.ts";
import type { RuntimeCall } from "./dsl/context.ts";
import { freeBalance } from "./pallets/accounts.ts";
import { Balances } from "./pallets/balances.ts";
import { BLOCK_AUTHOR } from "./pallets/block-author.ts";
import { System } from "./pallets/system-storage.ts";
import { Timestamp } from "./pallets/timestamp.ts";

const TAO = 1_000_000_000n;
const FEE_EVENTS = ["Balances.Deposit", "TransactionPayment.TransactionFeePaid"];

function balancesCall(type: string, value: unknown): RuntimeCall {
  return { type: "Balances", value: { type, value } };
}

function send(chain: TestChain, to: string, value: bigint, type = "transfer_keep_alive"): RuntimeCall {
  return balancesCall(type, { dest: { type: "Id", value: chain.account(to) }, value });
}

function batch(type: string, calls: RuntimeCall[]): RuntimeCall {
  return { type: "Utility", value: { type, value: { calls } } };
}

function sudo(call: RuntimeCall): RuntimeCall {
  return { type: "Sudo", value: { type: "sudo", value: { call } } };
}

function free(chain: TestChain, name: string): bigint {
  return freeBalance(chain.node.state, chain.account(name));
}

beforeAll(keysReady);

describe("the executive", () => {
  it("money is only moved: issuance is the sum of all balances, fees go to the author", () => {
    const chain = createTestChain();
    const before = Balances.TotalIssuance.get(chain.node.state);
    const authorBefore = freeBalance(chain.node.state, BLOCK_AUTHOR);
    chain.run("Alice", send(chain, "Carol", 7n * TAO));
    const fee = 1_000n * TAO - 7n * TAO - free(chain, "Alice");
    expect(fee).toBeGreaterThan(54_078n); // the base fee alone
    expect(freeBalance(chain.node.state, BLOCK_AUTHOR) - authorBefore).toBe(fee);
    expect(Balances.TotalIssuance.get(chain.node.state)).toBe(before);
    const sum = [...System.Account.entries(chain.node.state)].reduce(
      (all, [, { data }]) => all + data.free,
      0n,
    );
    expect(sum).toBe(before);
  });

  it("a failed call keeps nonce and fee and nothing else", () => {
    const chain = createTestChain();
    const events = chain.run("Alice", send(chain, "Bob", 5_000n * TAO));
    expect(events).toEqual(["Balances.Withdraw", ...FEE_EVENTS, "System.ExtrinsicFailed"]);
    expect(chain.nonce("Alice")).toBe(1);
    expect(free(chain, "Bob")).toBe(1_000n * TAO);
    expect(free(chain, "Alice")).toBeLessThan(1_000n * TAO);
  });

  it("accounts are born and die with their balance, and say so", () => {
    const chain = createTestChain();
    expect(chain.run("Alice", send(chain, "Carol", TAO))).toEqual([
      "Balances.Withdraw",
      "System.NewAccount",
      "Balances.Endowed",
      "Balances.Transfer",
      ...FEE_EVENTS,
      "System.ExtrinsicSuccess",
    ]);
    const all = balancesCall("transfer_all", {
      dest: { type: "Id", value: chain.account("Alice") },
      keep_alive: false,
    });
    expect(chain.run("Carol", all)).toContain("System.KilledAccount");
    expect(System.Account.exists(chain.node.state, chain.account("Carol"))).toBe(false);
  });

  it("what is left below the existential deposit is lost, or refused when the account must live", () => {
    const chain = createTestChain();
    chain.run("Alice", send(chain, "Carol", TAO));
    const { fee } = feeOf(chain, "Carol", send(chain, "Bob", TAO, "transfer_allow_death"));
    const almostAll = TAO - fee - 499n;
    expect(chain.run("Carol", send(chain, "Bob", almostAll)).at(-1)).toBe("System.ExtrinsicFailed");
    const rest = free(chain, "Carol");
    const again = feeOf(chain, "Carol", send(chain, "Bob", TAO, "transfer_allow_death")).fee;
    const events = chain.run("Carol", send(chain, "Bob", rest - again - 499n, "transfer_allow_death"));
    expect(events).toContain("Balances.DustLost");
    expect(free(chain, "Carol")).toBe(0n);
  });

  it.each([
    ["batch", ["Utility.ItemCompleted", "Utility.BatchInterrupted"], "System.ExtrinsicSuccess", 1n],
    ["batch_all", [], "System.ExtrinsicFailed", 0n],
    [
      "force_batch",
      [
        "Utility.ItemCompleted",
        "Utility.ItemFailed",
        "Utility.ItemCompleted",
        "Utility.BatchCompletedWithErrors",
      ],
      "System.ExtrinsicSuccess",
      2n,
    ],
  ])("%s with a failing call in the middle", (type, expected, last, moved) => {
    const chain = createTestChain();
    const good = send(chain, "Bob", TAO);
    const events = chain.run("Alice", batch(type, [good, send(chain, "Bob", 9_999n * TAO), good]));
    expect(events.filter((name) => name.startsWith("Utility."))).toEqual(expected);
    expect(events.at(-1)).toBe(last);
    expect(free(chain, "Bob") - 1_000n * TAO).toBe(moved * TAO);
  });

  it("a batch with a batch directly inside is filtered, whole", () => {
    const chain = createTestChain();
    const events = chain.run("Alice", batch("batch", [batch("batch", [send(chain, "Bob", TAO)])]));
    expect(events).toContain("System.ExtrinsicFailed");
    expect(events).not.toContain("Utility.BatchInterrupted");
    expect(free(chain, "Bob")).toBe(1_000n * TAO);
  });

  it("sudo succeeds and is free, whatever becomes of the inner call", () => {
    const chain = createTestChain();
    const who = { type: "Id", value: chain.account("Bob") };
    const events = chain.run("Alice", sudo(balancesCall("force_set_balance", { who, new_free: 3n * TAO })));
    expect(events).toContain("Sudo.Sudid");
    expect(free(chain, "Bob")).toBe(3n * TAO);
    expect(free(chain, "Alice")).toBe(1_000n * TAO);
    expect(chain.run("Alice", sudo(send(chain, "Bob", TAO))).at(-1)).toBe("System.ExtrinsicSuccess");
    expect(free(chain, "Bob")).toBe(3n * TAO); // root has no account to pay from
  });

  it("a call only root may make fails for everybody else", () => {
    const chain = createTestChain();
    const who = { type: "Id", value: chain.account("Alice") };
    const events = chain.run("Alice", balancesCall("force_set_balance", { who, new_free: 1n }));
    expect(events.at(-1)).toBe("System.ExtrinsicFailed");
  });

  it("transactions beyond the weight of a block wait for the next one", () => {
    const chain = createTestChain();
    // Each takes 0.9 of the 3 seconds that normal calls have.
    const heavy = sudoWeight(send(chain, "Bob", 1n), 900_000_000_000n);
    for (let nonce = 0; nonce < 5; nonce++) chain.node.submit(chain.sign("Alice", heavy, { nonce }));
    const sizes = [1, 2].map(() => chain.node.newBlock().extrinsics.length - 1);
    expect(sizes).toEqual([3, 2]);
  });

  it("the chain's time moves by one slot per block, and the digest names the slot", () => {
    const chain = createTestChain();
    const times = [1, 2, 3].map(() => {
      const { header } = chain.node.newBlock();
      expect(header.digest).toHaveLength(1);
      return Timestamp.Now.get(chain.node.state);
    });
    expect(times.map((time) => time - times[0]!)).toEqual([0n, 12_000n, 24_000n]);
  });

  it("the same history gives the same block hash, and another one another", () => {
    const [a, b, c] = [createTestChain(), createTestChain(), createTestChain()];
    expect(a.node.newBlock().hash).toBe(b.node.newBlock().hash);
    c.node.newBlock((store) => store.put("0x01", Uint8Array.of(1)));
    expect(c.node.head.hash).not.toBe(a.node.head.hash);
  });

  it("a hook or a change that throws leaves no half block behind", () => {
    const chain = createTestChain();
    const head = chain.node.newBlock().hash;
    const crash = () => {
      throw new Error("broken");
    };
    expect(() => chain.node.newBlock(crash)).toThrow("broken");
    expect(chain.node.head.hash).toBe(head);
    expect(chain.run("Alice", send(chain, "Bob", TAO)).at(-1)).toBe("System.ExtrinsicSuccess");
  });

  it("a runtime API may write and leaves nothing behind", () => {
    const chain = createTestChain();
    const root = chain.node.state.root();
    const overlay = new Overlay(chain.node.state);
    overlay.put("0x01", Uint8Array.of(1));
    expect(chain.node.state.get("0x01")).toBeUndefined();
    chain.node.query(undefined, (_, store) => store.put("0x01", Uint8Array.of(1)));
    expect(chain.node.state.get("0x01")).toBeUndefined();
    expect(chain.node.state.root()).toBe(root);
  });
});

function sudoWeight(call: RuntimeCall, refTime: bigint): RuntimeCall {
  const value = { call, weight: { ref_time: refTime, proof_size: 0n } };
  return { type: "Sudo", value: { type: "sudo_unchecked_weight", value } };
}

/** What a transaction would cost, by trying it and going back. */
function feeOf(chain: TestChain, name: string, call: RuntimeCall): { fee: bigint } {
  const block = chain.node.head.header.number;
  const before = free(chain, name);
  chain.run(name, call);
  const fee = before - free(chain, name);
  chain.node.revertTo(block);
  return { fee };
}
