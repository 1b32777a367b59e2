import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SignedCall } from "../chain.ts";
import { NonceBook } from "./nonce-book.ts";
import { SenderLines } from "./sender-lines.ts";

const call = (nonce: number, signer = "alice"): SignedCall => ({
  bytes: "0x",
  extrinsicHash: `0x${signer}${nonce}`,
  signer,
  nonce,
  validUntil: 100,
});

describe("nonces of a key", () => {
  it("follow the chain, and skip those that this process has in a pool", () => {
    const book = new NonceBook();
    expect(book.next("alice", 5)).toBe(5);
    book.set(call(5), "submitted");
    expect(book.next("alice", 5), "the endpoint asked does not have it yet").toBe(6);
    expect(book.next("bob", 5)).toBe(5);
    expect(book.next("alice", 9), "somebody else spent some").toBe(9);
  });

  it.each(["reserved", "ambiguous"] as const)(
    "of a call that is %s are used again when the chain has not seen it",
    (state) => {
      const book = new NonceBook();
      book.set(call(5), state);
      expect(book.next("alice", 5)).toBe(5);
      expect(book.stateOf(call(5))).toBeUndefined();
    },
  );

  it("are free again when the pool refused the call, and another call's entry is left alone", () => {
    const book = new NonceBook();
    book.set(call(5), "submitted");
    book.forget({ ...call(5), extrinsicHash: "0xother" });
    expect(book.next("alice", 5)).toBe(6);
    book.forget(call(5));
    expect(book.next("alice", 5)).toBe(5);
  });

  it("are never lower than the chain's, and never one that is in a pool, whatever happened before", () => {
    const step = fc.record({
      nonce: fc.nat(8),
      state: fc.constantFrom("reserved", "submitted", "ambiguous", "included" as const),
    });
    fc.assert(
      fc.property(fc.array(step), fc.nat(8), (steps, chain) => {
        const book = new NonceBook();
        for (const { nonce, state } of steps) book.set(call(nonce), state as "reserved");
        const next = book.next("alice", chain);
        expect(next).toBeGreaterThanOrEqual(chain);
        expect(book.stateOf(call(next))).toBeUndefined();
      }),
    );
  });
});

describe("the line of a key", () => {
  it("does one thing after the other, also when one fails, and other keys do not wait", async () => {
    const lines = new SenderLines();
    const order: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = lines.inTurn("alice", async () => {
      await held;
      order.push("first");
      throw new Error("no");
    });
    const second = lines.inTurn("alice", async () => void order.push("second"));
    await lines.inTurn("bob", async () => void order.push("bob"));
    release();
    await expect(first).rejects.toThrow("no");
    await second;
    expect(order).toEqual(["bob", "first", "second"]);
  });
});
