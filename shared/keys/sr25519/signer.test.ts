import { randomBytes } from "node:crypto";
import { ristretto255 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { Keypair, keysReady } from "../keypair.ts";
import { ourQuickVerdicts, ROUNDS, theirVerdicts } from "./oracles.test-kit.ts";
import { Sr25519Signer } from "./signer.ts";
import { Sr25519Instance } from "./sr25519-instance.ts";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;

vi.setConfig({ testTimeout: 20_000 * ROUNDS });
beforeAll(keysReady);

describe("Sr25519Signer", () => {
  it("signs what others verify: random keys and messages", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 700 }),
        (seed, message) => {
          const pair = Keypair.fromSeed(seed);
          const signature = pair.sign(message);
          expect(theirVerdicts(message, signature, pair.publicKey)).toEqual([true, true]);
        },
      ),
      { numRuns: 60 * ROUNDS },
    );
  });

  it.each(["//Alice", "//Alice/soft", "//Alice//hard/soft/1"])("signs with the derived key %s", (uri) => {
    const pair = Keypair.fromUri(uri);
    for (let i = 0; i < 5; i++) {
      const message = randomBytes(200);
      expect(theirVerdicts(message, pair.sign(message), pair.publicKey)).toEqual([true, true]);
    }
  });

  it.each([1n, 2n, 7n, 8n, 2n ** 128n, 2n ** 251n, L - 1n, L - 2n])("signs with the scalar %d", (scalar) => {
    const signer = new Sr25519Signer();
    const publicKey = ristretto255.Point.BASE.multiply(scalar).toBytes();
    const secretKey = Buffer.concat([littleEndian(scalar * 8n), randomBytes(32)]);
    for (let i = 0; i < 5; i++) {
      const message = randomBytes(50 * i);
      const signature = signer.sign(message, publicKey, secretKey);
      expect(theirVerdicts(message, signature, publicKey)).toEqual([true, true]);
      expect(ourQuickVerdicts(message, signature, publicKey)).toEqual([true, true]);
    }
  });

  it("never uses a commitment twice, not for the same message either", () => {
    const pair = Keypair.fromUri("//Alice");
    const message = Buffer.from("again");
    const commitments = Array.from({ length: 200 }, () =>
      Buffer.from(pair.sign(message).subarray(0, 32)).toString("hex"),
    );
    expect(new Set(commitments).size).toBe(200);
  });

  it("with the same randomness, messages, keys and nonces still lead to commitments of their own", () => {
    const publicKey = ristretto255.Point.BASE.toBytes();
    const otherKey = ristretto255.Point.BASE.double().toBytes();
    const random = Buffer.alloc(32, 7);
    const instance = new Sr25519Instance(4);
    const commitment = (message: string, key: Uint8Array, nonce: number) => {
      const secretKey = Buffer.concat([littleEndian(8n), Buffer.alloc(32, nonce)]);
      return Buffer.from(signIn(instance, Buffer.from(message), key, secretKey, random).subarray(0, 32));
    };
    const first = commitment("a", publicKey, 1);
    expect(commitment("a", publicKey, 1)).toEqual(first);
    expect(commitment("b", publicKey, 1)).not.toEqual(first);
    expect(commitment("a", otherKey, 1)).not.toEqual(first);
    expect(commitment("a", publicKey, 2)).not.toEqual(first);
  });

  it("leaves no secret in its memory", () => {
    const scalar = BigInt(`0x${randomBytes(31).toString("hex")}`);
    const secretKey = Buffer.concat([littleEndian(scalar * 8n), randomBytes(32)]);
    const publicKey = ristretto255.Point.BASE.multiply(scalar).toBytes();
    const random = randomBytes(32);
    const instance = new Sr25519Instance(4);
    const message = Buffer.from("weights");
    const signature = signIn(instance, message, publicKey, secretKey, random);
    expect(theirVerdicts(message, signature, publicKey)).toEqual([true, true]);
    const memory = Buffer.from(instance.wasm.memory.buffer);
    expect(memory.indexOf(signature)).toBeGreaterThan(0);
    for (const secret of [secretKey.subarray(0, 32), secretKey.subarray(32), random, littleEndian(scalar)]) {
      expect(memory.indexOf(secret.subarray(0, 16))).toBe(-1);
      expect(memory.indexOf(secret.subarray(16, 31))).toBe(-1);
    }
  });
});

/** What the signer does, with randomness that the test knows. */
function signIn(
  instance: Sr25519Instance,
  message: Uint8Array,
  publicKey: Uint8Array,
  secretKey: Uint8Array,
  random: Uint8Array,
): Uint8Array {
  const { wasm } = instance;
  instance.write(random, wasm.RANDOM);
  instance.write(publicKey, wasm.PUBLIC_KEY);
  instance.takeMessage(message);
  instance.write(secretKey, wasm.SECRET_KEY);
  wasm.sign(instance.baseTable);
  return instance.read(wasm.SIGNATURE, 64);
}

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 255n));
}
