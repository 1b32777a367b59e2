import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { Keypair, keysReady } from "../keypair.ts";
import { KnownKeyVerifier } from "./known-key-verifier.ts";

const message = Buffer.from("a request");
let pairs: Keypair[];

beforeAll(async () => {
  await keysReady();
  pairs = Array.from({ length: 5 }, (_, i) => Keypair.fromSeed(Buffer.alloc(32, i + 1)));
});

/** So many valid requests of this key. */
function call(known: KnownKeyVerifier, pair: Keypair, times: number, isRegistered = true): void {
  for (let i = 0; i < times; i++) {
    expect(known.verify(message, pair.sign(message), pair.publicKey, isRegistered)).toBe(true);
  }
}

describe("KnownKeyVerifier", () => {
  it("builds a table after the second valid signature of a registered key, in a later turn", async () => {
    const known = new KnownKeyVerifier({ maxKeys: 4, windowBits: 4 });
    call(known, pairs[0]!, 1);
    await nextTurn();
    expect(known.tables).toBe(0);
    call(known, pairs[0]!, 1);
    expect(known.tables).toBe(0);
    await nextTurn();
    expect(known.tables).toBe(1);
    call(known, pairs[0]!, 3);
  });

  it("builds at most one table in a turn", async () => {
    const known = new KnownKeyVerifier({ maxKeys: 4, windowBits: 4 });
    for (const pair of pairs.slice(0, 3)) call(known, pair, 2);
    const seen = [];
    for (let turn = 0; turn < 4; turn++) {
      await nextTurn();
      seen.push(known.tables);
    }
    expect(seen).toEqual([1, 2, 3, 3]);
  });

  it("does no work ahead for keys that are not registered, nor for signatures that are not valid", async () => {
    const known = new KnownKeyVerifier({ maxKeys: 4, windowBits: 4 });
    call(known, pairs[0]!, 10, false);
    const forged = pairs[0]!.sign(message);
    for (let i = 0; i < 10; i++) {
      expect(known.verify(message, forged, pairs[1]!.publicKey, true)).toBe(false);
    }
    await nextTurn();
    expect(known.tables).toBe(0);
  });

  it("judges each key by its own table, also where tables take the places of forgotten ones", async () => {
    const known = new KnownKeyVerifier({ maxKeys: 2, windowBits: 4 });
    for (let round = 0; round < 3; round++) {
      for (const [i, pair] of pairs.entries()) {
        call(known, pair, 2);
        await nextTurn();
        call(known, pair, 2);
        expect(known.tables).toBeLessThanOrEqual(2);
        const other = pairs[(i + 1) % pairs.length]!;
        expect(known.verify(message, other.sign(message), pair.publicKey, true)).toBe(false);
        expect(known.verify(message, pair.sign(message), other.publicKey, true)).toBe(false);
        expect(known.verify(Buffer.from("another"), pair.sign(message), pair.publicKey, true)).toBe(false);
      }
    }
    expect(known.tables).toBe(2);
  });

  it("forgets the key that was used least recently", async () => {
    const known = new KnownKeyVerifier({ maxKeys: 2, windowBits: 4 });
    for (const pair of [pairs[0]!, pairs[1]!]) {
      call(known, pair, 2);
      await nextTurn();
    }
    call(known, pairs[0]!, 1);
    call(known, pairs[2]!, 1); // takes the place of the second
    expect(known.tables).toBe(1);
    call(known, pairs[1]!, 1); // and that one, new again, that of the first
    expect(known.tables).toBe(0);
  });

  it("does not build for a key that was forgotten while it waited", async () => {
    const known = new KnownKeyVerifier({ maxKeys: 1, windowBits: 4 });
    call(known, pairs[0]!, 2);
    call(known, pairs[1]!, 1);
    await nextTurn();
    expect(known.tables).toBe(0);
    call(known, pairs[0]!, 3);
  });

  it("verifies by wasm-crypto where our own module does not start, and says so once", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    vi.stubGlobal("WebAssembly", undefined);
    onTestFinished(() => {
      vi.unstubAllGlobals();
      warned.mockRestore();
    });
    const known = new KnownKeyVerifier({ maxKeys: 4 });
    call(known, pairs[0]!, 3);
    expect(known.verify(message, pairs[0]!.sign(message), pairs[1]!.publicKey, true)).toBe(false);
    await nextTurn();
    expect(known.tables).toBe(0);
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned.mock.calls[0]![1]).toMatchObject({ code: "SR25519_SLOW" });
  });
});
