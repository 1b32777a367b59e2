import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { beaconOf, decodeCommitment, encodeCommitment, epochSecret, secretHash } from "./epoch-secret.ts";

const GENESIS = `0x${"01".repeat(32)}` as const;
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

beforeAll(keysReady);

describe("a commitment to a secret", () => {
  it("is read back as it was written, and fits the smallest data field of the chain", () => {
    const epoch = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(epoch, bytes32, fc.option(fc.record({ epoch, secret: bytes32 })), (e, hash, disclosed) => {
        const commitment = { epoch: e, hash, ...(disclosed ? { disclosed } : {}) };
        const data = encodeCommitment(commitment);
        expect(data.length).toBeLessThanOrEqual(128);
        expect(decodeCommitment(data)).toEqual(commitment);
      }),
    );
  });

  it("is none of the other things that stand in the same place", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (data) => decodeCommitment(data) === undefined));
    const data = encodeCommitment({ epoch: 1, hash: new Uint8Array(32) });
    expect(decodeCommitment(Uint8Array.from([2, ...data.slice(1)]))).toBeUndefined();
    expect(decodeCommitment(Uint8Array.from([...data, 0]))).toBeUndefined();
    expect(decodeCommitment(encodeCommitment({ epoch: 1, hash: new Uint8Array(31) }))).toBeUndefined();
  });
});

describe("a secret", () => {
  it("is the same at each call, and another for each epoch, subnet, chain and key", () => {
    const [bob, eve] = [Keypair.fromUri("//Bob"), Keypair.fromUri("//Eve")];
    const secrets = [
      epochSecret(bob, GENESIS, 2, 7),
      epochSecret(bob, GENESIS, 2, 8),
      epochSecret(bob, GENESIS, 3, 7),
      epochSecret(bob, `0x${"02".repeat(32)}`, 2, 7),
      epochSecret(eve, GENESIS, 2, 7),
    ];
    expect(epochSecret(bob, GENESIS, 2, 7)).toEqual(secrets[0]);
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString("hex"))).size).toBe(secrets.length);
    expect(secretHash(secrets[0]!)).not.toEqual(secrets[0]);
  });

  it("has nothing to do with the beacon, which anybody can compute from the block", () => {
    expect(Buffer.from(beaconOf(GENESIS)).toString("hex")).toBe(
      "db23307de7c7be70f619d87e86a83a9c0f5496d917dc9631c8f991261dd19840",
    );
  });
});
