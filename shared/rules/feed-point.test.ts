import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { toHex } from "../keys/key-forms.ts";
import { Keypair, keysReady } from "../keys/keypair.ts";
import { signText } from "../keys/signed-text.ts";
import { feedDigest, feedStatement, isFeedPoint, verifyFeedPoint } from "./feed-point.ts";
import { statementText } from "./signed-statement.ts";

beforeAll(() => keysReady());

it("a point of a feed is verified under the key that signed it, sr25519 or ed25519, and no other", () => {
  const keys = [Keypair.fromUri("//Feed"), Keypair.fromEd25519Seed(new Uint8Array(32).fill(7))];
  for (const key of keys) {
    const point = { time: 1_700_000_000, value: 64_000.25 };
    const signed = { ...point, signature: toHex(key.sign(feedStatement("btc", point))) };
    expect(verifyFeedPoint("btc", signed, key.address)).toBe(true);
    expect(verifyFeedPoint("eth", signed, key.address)).toBe(false);
    expect(verifyFeedPoint("btc", { ...signed, time: point.time + 1 }, key.address)).toBe(false);
    expect(verifyFeedPoint("btc", { ...signed, value: 64_000.26 }, key.address)).toBe(false);
    expect(verifyFeedPoint("btc", signed, Keypair.fromUri("//Eve").address)).toBe(false);
    expect(verifyFeedPoint("btc", signed, "5nobody")).toBe(false);
  }
});

it("a digest is these bytes: what is written here, any program can sign", () => {
  // printf 'subforge-feed/1\0\3btc' plus u64 1 and float64 0.5, through sha256sum.
  expect(toHex(feedDigest("btc", { time: 1, value: 0.5 }))).toBe(
    "0x5d9c618e0d3189c284385c21c1c3cd50d6cbf31b9300b993a46259bfe1e761fb",
  );
  expect(feedDigest("btc", { time: 1, value: -0 })).toEqual(feedDigest("btc", { time: 1, value: 0 }));
});

it("an ordinary wallet signs the text of the statement", () => {
  const key = Keypair.fromUri("//Feed");
  const point = { time: 5, value: -1 };
  const text = statementText("feed/1", feedDigest("btc", point));
  expect(`<Bytes>${text}</Bytes>`).toBe(Buffer.from(feedStatement("btc", point)).toString());
  const signature = signText(`<Bytes>${text}</Bytes>`, key);
  expect(verifyFeedPoint("btc", { ...point, signature }, key.address)).toBe(true);
});

it("whatever else is in a line is no point, and nothing throws", () => {
  const { address } = Keypair.fromUri("//Feed");
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(isFeedPoint(value)).toBe(false);
      expect(verifyFeedPoint("btc", value as never, address)).toBe(false);
    }),
    { numRuns: 30 },
  );
});
