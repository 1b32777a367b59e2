import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ristretto255 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../process-entry.ts";
import { Keypair, keysReady, verifySr25519 } from "../keypair.ts";
import { ourQuickVerdicts, ourVerdicts, ROUNDS, theirVerdicts } from "./oracles.test-kit.ts";
import { SIGNATURE_BYTES } from "./sr25519-instance.ts";
import { verifyByWasmCrypto } from "./verify-slowly.ts";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Numbers that spell no point, a special one, or what is special elsewhere: on Edwards' curve, or as a scalar. */
const EDGES: Record<string, bigint> = {
  "0, the identity": 0n,
  1: 1n,
  2: 2n,
  "p - 1": P - 1n,
  p: P,
  "p + 1": P + 1n,
  "p + 2": P + 2n,
  "2^255 - 1": 2n ** 255n - 1n,
  "2^255": 2n ** 255n,
  "2^256 - 1": 2n ** 256n - 1n,
  "the group order": L,
  "the group order - 1": L - 1n,
  "sqrt(-1)": 19681161376707505956807079304988542015446066515923890162744021073123829784752n,
  "y of a point of order 8": 2707385501144840649318225287225658788936804267575313519463743609750303021n,
  "y of the other points of order 8":
    55188659117513257062467267217118295137698188065244968500265048394206261417927n,
  "the generator": fromLittleEndian(ristretto255.Point.BASE.toBytes()),
  "minus the spelling of the generator": P - fromLittleEndian(ristretto255.Point.BASE.toBytes()),
  "the generator and p": fromLittleEndian(ristretto255.Point.BASE.toBytes()) + 2n ** 255n,
};

vi.setConfig({ testTimeout: 20_000 * ROUNDS });

let alice: Keypair;

beforeAll(async () => {
  await keysReady();
  alice = Keypair.fromUri("//Alice");
});

describe("the compiled verifier", () => {
  it("is what its sources compile to", () => {
    const script = join(packageRoot(), "scripts", "compile-wasm.mjs");
    expect(() => execFileSync(process.execPath, [script, "--check=sources"])).not.toThrow();
  });

  it.each([0, 1, 32, 100, 165, 166, 167, 200, 332, 1_000, 4_095, 4_096, 4_097, 9_000])(
    "accepts what schnorrkel signed over %i bytes, with and without tables of every size",
    (length) => {
      const message = Buffer.alloc(length, "subnet");
      const signature = alice.sign(message);
      expect(new Set(theirVerdicts(message, signature, alice.publicKey))).toEqual(new Set([true]));
      expect(new Set(ourVerdicts(message, signature, alice.publicKey))).toEqual(new Set([true]));
      const other = Buffer.alloc(length + 1, "subnet");
      expect(ourQuickVerdicts(other, signature, alice.publicKey)).toEqual([false, false]);
    },
  );

  it("refuses a signature, a key or a message with any single bit flipped", () => {
    const message = Buffer.from("weights of epoch 7");
    const signature = alice.sign(message);
    const flipped = (bytes: Uint8Array, bit: number) =>
      bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    for (let bit = 0; bit < 512; bit++) {
      const forged = flipped(signature, bit);
      expect(verifySr25519(message, forged, alice.publicKey)).toBe(false);
      if (bit % 64 === 0) expect(theirVerdicts(message, forged, alice.publicKey)).toEqual([false, false]);
    }
    for (let bit = 0; bit < 256; bit++) {
      const key = flipped(alice.publicKey, bit);
      expect(ourQuickVerdicts(message, signature, key)).not.toContain(true);
    }
    for (let bit = 0; bit < message.length * 8; bit++) {
      expect(verifySr25519(flipped(message, bit), signature, alice.publicKey)).toBe(false);
    }
  });

  it("refuses lengths that are none, and bytes without schnorrkel's mark", () => {
    const message = Buffer.from("hello");
    const signature = alice.sign(message);
    for (const length of [0, 31, 63, 65, 128]) {
      const wrong = Buffer.alloc(length, signature);
      expect(verifySr25519(message, wrong, alice.publicKey)).toBe(false);
      expect(verifySr25519(message, signature, Buffer.alloc(length, alice.publicKey))).toBe(false);
    }
    const unmarked = signature.slice();
    unmarked[63]! &= 0x7f;
    expect(ourVerdicts(message, unmarked, alice.publicKey)).not.toContain(true);
  });

  it("T8: a signature has one form: the scalar plus the group order is refused", () => {
    const message = Buffer.from("pay once");
    const signature = alice.sign(message);
    const scalar = fromLittleEndian(signature.slice(32)) - 2n ** 255n;
    for (let again = scalar + L; again < 2n ** 255n; again += L) {
      const second = withScalar(signature.slice(0, 32), again);
      expect(ourQuickVerdicts(message, second, alice.publicKey)).toEqual([false, false]);
      expect(theirVerdicts(message, second, alice.publicKey)).toEqual([false, false]);
    }
  });

  it("T8: small-order, non-canonical and negative keys and commitments are judged as schnorrkel judges them", () => {
    const message = Buffer.from("edge");
    const signature = alice.sign(message);
    let accepted = 0;
    for (const key of [...Object.values(EDGES).map(littleEndian), alice.publicKey]) {
      for (const commitment of [...Object.values(EDGES).map(littleEndian), signature.slice(0, 32)]) {
        for (const scalar of [0n, 1n, L - 1n, L, 2n ** 252n]) {
          const edge = withScalar(commitment, scalar);
          const expected = verifyByWasmCrypto(message, edge, key);
          if (expected) accepted++;
          if (verifySr25519(message, edge, key) !== expected) {
            expect.fail(`${hex(key)} ${hex(edge)}: schnorrkel says ${expected}`);
          }
        }
      }
    }
    // Under the identity as a key everybody can sign: s = 0 with R = 0, and s = 1 with the generator for R.
    expect(accepted).toBe(2);
  });

  it("T8: under the identity as a key it accepts what schnorrkel accepts, and nothing else", () => {
    const identity = new Uint8Array(32);
    const message = Buffer.from("nobody's key");
    for (const scalar of [0n, 1n, 2n, 12345678901234567890n, L - 1n]) {
      const point = ristretto255.Point.BASE.multiplyUnsafe(scalar).toBytes();
      const good = withScalar(point, scalar);
      expect(verifyByWasmCrypto(message, good, identity)).toBe(true); // @scure/sr25519 refuses this key
      expect(new Set(ourVerdicts(message, good, identity))).toEqual(new Set([true]));
      const bad = withScalar(point, (scalar + 1n) % L);
      expect(ourVerdicts(message, bad, identity)).not.toContain(true);
    }
  });

  it("T8: reads as keys exactly the spellings that schnorrkel reads", () => {
    // A key that can be read, and a commitment that fits, is told from one that cannot only by a valid signature:
    // so ask the independent implementation which bytes are points, and our tables which can be built.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.boolean(), (bytes, masked) => {
        if (masked) {
          bytes[0]! &= 0xfe;
          bytes[31]! &= 0x7f;
        }
        const [, ...withTable] = ourQuickVerdicts(new Uint8Array(0), new Uint8Array(SIGNATURE_BYTES), bytes);
        expect(withTable.length === 1).toBe(isPoint(bytes));
      }),
      { numRuns: 100 * ROUNDS },
    );
  });

  it("agrees with both others on random keys, messages and damages", () => {
    const damage = fc.oneof(
      fc.constant(undefined),
      fc.record({ at: fc.nat({ max: SIGNATURE_BYTES - 1 }), to: fc.nat({ max: 255 }) }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 700 }),
        damage,
        (seed, message, change) => {
          const pair = Keypair.fromSeed(seed);
          const signature = pair.sign(message);
          if (change) signature[change.at] = change.to;
          const [expected, second] = theirVerdicts(message, signature, pair.publicKey);
          expect(second).toBe(expected);
          expect(new Set(ourQuickVerdicts(message, signature, pair.publicKey))).toEqual(new Set([expected]));
        },
      ),
      { numRuns: 60 * ROUNDS },
    );
  });

  it("refuses noise without throwing", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 60, maxLength: 66 }),
        fc.uint8Array({ minLength: 31, maxLength: 33 }),
        (message, signature, key) => {
          if (signature.length === 64) signature[63]! |= 0x80;
          expect(verifySr25519(message, signature, key)).toBe(false);
          expect(verifySr25519(message, signature, alice.publicKey)).toBe(false);
        },
      ),
      { numRuns: 300 * ROUNDS },
    );
  });
});

function isPoint(bytes: Uint8Array): boolean {
  try {
    ristretto255.Point.fromBytes(bytes);
    return true;
  } catch {
    return false;
  }
}

/** R, and s with the mark of schnorrkel. */
function withScalar(commitment: Uint8Array, scalar: bigint): Uint8Array {
  return Uint8Array.from([...commitment, ...littleEndian(scalar | (2n ** 255n))]);
}

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 255n));
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
