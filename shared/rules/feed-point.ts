import { createHash, createPublicKey, verify } from "node:crypto";
import { fromAddress, verifySr25519 } from "../keys/keypair.ts";
import { statementBytes } from "./signed-statement.ts";

/*
 * One number that somebody vouches for: what a feed says of one moment. The shell of a validator fetches it, the template
 * knows by whom it must be signed.
 */

/** One line of a feed. `time` is in whole seconds since 1970, `signature` is 128 lower-case hexadecimal digits after `0x`. */
export type SignedFeedPoint = { value: number; time: number; signature: string };

/** Names of feeds, in settings and in what is signed. */
export const FEED_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const FEED_SIGNATURE = /^0x[0-9a-f]{128}$/;

/** What ASN.1 puts before the 32 bytes of an ed25519 key. Source: RFC 8410. */
const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * What the feed's key signs, for `subforge wallet sign` or a program of one's own: the statement `feed/1` of SHA-256 over
 * "subforge-feed/1", a zero byte, the length of the name as a byte, the name, the time as u64 and the value as float64, both
 * little-endian. Minus zero is signed as zero.
 *
 * @param time - Of the point, seconds since 1970. Whole, >= 0.
 */
export function feedStatement(feed: string, { value, time }: { value: number; time: number }): Uint8Array {
  return statementBytes("feed/1", feedDigest(feed, { value, time }));
}

/** 32 bytes. */
export function feedDigest(feed: string, { value, time }: { value: number; time: number }): Uint8Array {
  const name = Buffer.from(feed);
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(time), 0);
  numbers.writeDoubleLE(value + 0, 8); // -0 + 0 is 0
  return createHash("sha256")
    .update("subforge-feed/1\0")
    .update(Buffer.of(name.length))
    .update(name)
    .update(numbers)
    .digest();
}

/**
 * Did the holder of this address, by sr25519 or ed25519, sign this point of this feed? Never throws.
 *
 * @param signer - SS58 address.
 */
export function verifyFeedPoint(feed: string, point: SignedFeedPoint, signer: string): boolean {
  const publicKey = fromAddress(signer);
  if (!publicKey || !FEED_NAME.test(feed) || !isFeedPoint(point)) return false;
  const statement = feedStatement(feed, point);
  const signature = Buffer.from(point.signature.slice(2), "hex");
  return verifySr25519(statement, signature, publicKey) || verifiesEd25519(statement, signature, publicKey);
}

/** Is this a line of a feed, whoever signed it? */
export function isFeedPoint(value: unknown): value is SignedFeedPoint {
  const point = value as Partial<SignedFeedPoint> | null;
  return (
    typeof point === "object" &&
    point !== null &&
    Number.isFinite(point.value) &&
    Number.isSafeInteger(point.time) &&
    point.time! >= 0 &&
    typeof point.signature === "string" &&
    FEED_SIGNATURE.test(point.signature)
  );
}

/** Needs nothing that has to be loaded first: templates look at truths in processes of their own. */
function verifiesEd25519(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    const der = Buffer.concat([ED25519_PREFIX, publicKey]);
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}
