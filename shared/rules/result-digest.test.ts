import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../keys/key-forms.ts";
import { Keypair, keysReady } from "../keys/keypair.ts";
import { OracleKey, oracleSigner } from "../keys/oracle-key.ts";
import type { Hex } from "../types.ts";
import { toFixed18 } from "./fixed-18.ts";
import {
  type ResultRecord,
  type ResultSignature,
  resultDigest,
  resultPreimage,
  resultStatement,
  topicId,
  verifyResult,
} from "./result-digest.ts";

const GENESIS: Hex = `0x${"01".repeat(32)}`;
const RECORD: ResultRecord = {
  ...{ netuid: 2, topic: topicId(2, 0, "btc"), epoch: 17, value: -1.5 },
  ...{ ci: [-2, -1.75, -1.25, 0.1], validUntil: 1_296, nonce: 16 },
};

beforeAll(() => keysReady());

describe("a result's digest", () => {
  // Both computed with the Python package eth-account 0.14.
  it("is the one that other implementations of EIP-712 find, and so is the signature of an oracle key", () => {
    expect(toHex(resultDigest(GENESIS, RECORD))).toBe(
      "0xe5738244cd26a0e71603cb62ebc584d2a313a5cf923f3735336c8b11d172ba07",
    );
    const key = OracleKey.fromSeed(fromHex(`0x${"11".repeat(32)}`));
    expect(key.address).toBe("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A");
    expect(key.sign(resultPreimage(GENESIS, RECORD))).toBe(
      "0x6a825da4e5ee6d34317567533dca00d01a204c733e6804e59638587dfcd0868b3ab2218dc9696069e4eb5864b57d85c35e3fee48edd2e6aced02027bdbb30c491b",
    );
    expect(`${JSON.stringify({ key })}`).not.toContain("1111");
  });

  it("belongs to one record alone: every field, and the chain, makes it another", () => {
    const hotkey = Keypair.fromUri("//Bob");
    const oracle = OracleKey.fromSeed(fromHex(`0x${"22".repeat(32)}`));
    const digest = resultDigest(GENESIS, RECORD);
    const signatures: ResultSignature[] = [
      {
        scheme: "sr25519",
        signer: hotkey.address,
        signature: toHex(hotkey.sign(resultStatement(digest))) as Hex,
      },
      {
        scheme: "secp256k1",
        signer: oracle.address,
        signature: oracle.sign(resultPreimage(GENESIS, RECORD)),
      },
    ];
    const others: ResultRecord[] = [
      { ...RECORD, netuid: 3 },
      { ...RECORD, topic: "2-1-btc" },
      { ...RECORD, epoch: 18 },
      { ...RECORD, value: -1.5000001 },
      { ...RECORD, ci: [-2, -1.75, -1.25, 0.2] },
      { ...RECORD, validUntil: 1_297 },
      { ...RECORD, nonce: 17 },
    ];
    for (const by of signatures) {
      expect(verifyResult(GENESIS, RECORD, by)).toBe(true);
      for (const other of others) expect(verifyResult(GENESIS, other, by)).toBe(false);
      expect(verifyResult(`0x${"02".repeat(32)}`, RECORD, by)).toBe(false);
      expect(verifyResult(GENESIS, RECORD, { ...by, signer: Keypair.fromUri("//Eve").address })).toBe(false);
      expect(verifyResult(GENESIS, RECORD, { ...by, signature: "0x" })).toBe(false);
    }
  });

  it("takes any text for a signature without throwing", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (signer, signature) => {
        const by = { signer, signature: signature as Hex };
        expect(verifyResult(GENESIS, RECORD, { ...by, scheme: "sr25519" })).toBe(false);
        expect(oracleSigner(new Uint8Array(1), signature)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});

describe("toFixed18", () => {
  it.each([
    [0, 0n],
    [1.1, 1_100_000_000_000_000_000n],
    [-2.5, -2_500_000_000_000_000_000n],
    [1e-18, 1n],
    [5e-19, 1n],
    [-5e-19, -1n],
    [4.9e-19, 0n],
    [123_456.789, 123_456_789_000_000_000_000_000n],
    [1e58, 10n ** 76n],
    [1e60, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
  ])("%d is %s", (value, scaled) => {
    expect(toFixed18(value)).toBe(scaled);
  });

  it("reads back as the number where that has no more than 18 decimals", () => {
    const numbers = fc.double({ noNaN: true, min: -1e12, max: 1e12 }).filter((x) => Math.abs(x) > 1e-2);
    fc.assert(
      fc.property(numbers, (value) => {
        const scaled = toFixed18(value)!;
        const sign = scaled < 0n ? "-" : "";
        const digits = String(scaled < 0n ? -scaled : scaled).padStart(19, "0");
        expect(Number(`${sign}${digits.slice(0, -18)}.${digits.slice(-18)}`)).toBe(value);
      }),
    );
  });
});
