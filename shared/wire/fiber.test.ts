import { beforeAll, describe, expect, test } from "vitest";
import { fromAddress, Keypair, keysReady, toAddress, verifyWith } from "../keys/keypair.ts";
import type { WireHeaders } from "./btauth.ts";
import { fiberSignedBytes, signFiber, verifyFiber } from "./fiber.ts";
import { readWireVectors, wireVectorsAbsent } from "./vectors.test-kit.ts";

const NOW_NS = 1_700_000_000_123_456_789n;
const NONCE = `${NOW_NS}_aB3dE6gH9j`;
const TWO_MINUTES_NS = 120_000_000_000n;
const body = Buffer.from('{"prompt": "hi", "n": 1}');

let alice: Keypair;
let bob: Keypair;
beforeAll(async () => {
  await keysReady();
  [alice, bob] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob")];
});

const signed = (nonce = NONCE) => signFiber({ signer: bob, miner: alice.address, body, nonce });
const lowered = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function verdict(headers: WireHeaders, { sent = body as Uint8Array, nowNs = NOW_NS } = {}): string {
  const result = verifyFiber(headers, sent, alice.address, nowNs);
  return result.ok ? result.sender : result.reason;
}

describe.skipIf(wireVectorsAbsent)(`Fiber against its vectors${wireVectorsAbsent}`, () => {
  test("a request in plain mode is verified over the very bytes that were sent", () => {
    const { plain } = readWireVectors("fiber.json");
    const sent = Buffer.from(plain.body_text);
    const headers = lowered(plain.headers);
    expect(Buffer.from(fiberSignedBytes(plain.nonce, alice.address, sent)).toString()).toBe(plain.message);
    expect(verdict(headers, { sent })).toBe(bob.address);
    expect(verdict(headers, { sent: Buffer.from(plain.trap.compact_body_text) })).toBe("bad-signature");
    expect(Object.keys(signed()).sort()).toEqual(Object.keys(headers).sort());
  });

  test("a request in encrypted mode is refused by name, though its signature holds", () => {
    const { encrypted } = readWireVectors("fiber.json");
    const headers = lowered(encrypted.headers);
    const signature = Uint8Array.from(Buffer.from(headers.signature!.slice(2), "hex"));
    const key = fromAddress(bob.address)!;
    expect(verifyWith("sr25519", Buffer.from(encrypted.message), signature, key)).toBe(true);
    expect(verdict(headers, { sent: Buffer.from(encrypted.fernet.token) })).toBe("encrypted-mode");
  });
});

describe("a Fiber request", () => {
  test("is good for two minutes in both directions", () => {
    for (const [nowNs, expected] of [
      [NOW_NS + TWO_MINUTES_NS, bob.address],
      [NOW_NS + TWO_MINUTES_NS + 1n, "stale"],
      [NOW_NS - TWO_MINUTES_NS, bob.address],
      [NOW_NS - TWO_MINUTES_NS - 1n, "stale"],
    ] as const) {
      expect(verdict(signed(), { nowNs }), String(nowNs)).toBe(expected);
    }
  });

  test.each(["validator-hotkey", "miner-hotkey", "nonce", "signature"])(
    "without its %s is refused",
    (name) => {
      const expected = name === "miner-hotkey" ? "wrong-receiver" : "malformed";
      expect(verdict({ ...signed(), [name]: undefined })).toBe(expected);
      expect(verdict({ ...signed(), [name]: "" })).toBe(expected);
    },
  );

  test("T8: with a signature that everybody can make for the empty key is refused", () => {
    const headers = {
      ...signed(),
      "validator-hotkey": toAddress(new Uint8Array(32)),
      signature: `0x${"00".repeat(63)}80`, // s = 0, R = 0
    };
    expect(verdict(headers)).toBe("bad-signature");
  });

  test("for another miner is refused, also when its header is exchanged", () => {
    const other = Keypair.fromUri("//Charlie").address;
    const headers = signFiber({ signer: bob, miner: other, body, nonce: NONCE });
    expect(verdict(headers)).toBe("wrong-receiver");
    expect(verdict({ ...headers, "miner-hotkey": alice.address })).toBe("bad-signature");
  });
});
