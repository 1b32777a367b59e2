import { blake2AsU8a } from "@polkadot/util-crypto";

/** Longer payloads are signed by their hash. Source: polkadot-sdk, generic/unchecked_extrinsic.rs, SignedPayload. */
const MAX_SIGNED_BYTES = 256;

/** The bytes that a signature of a chain's call covers: the payload, or blake2-256 of a long one. */
export function signedBytesOf(payload: Uint8Array): Uint8Array {
  return payload.length > MAX_SIGNED_BYTES ? blake2AsU8a(payload) : payload;
}
