import { fromAddress, type Keypair } from "../keys/keypair.ts";
import type { Hotkey } from "../types.ts";
import { sha256Hex, verifySignature, type WireHeaders } from "./btauth.ts";
import { singleHeader } from "./single-header.ts";

/*
 * Fiber's plain mode: four headers over the exact bytes of a body. For programs that talk to a Fiber subnet; the axon
 * does not serve it. The encrypted mode is not supported: it signs no body, its key exchange is not bound to the
 * miner's hotkey, and TLS does what it wants to do.
 */

/** A nonce is good for two minutes before and after now, and once. */
const WINDOW_NS = 120_000_000_000n;
const NONCE_FORM = /^([0-9]{1,19})_[0-9A-Za-z]{1,32}$/;
const SIGNATURE_FORM = /^0x([0-9a-fA-F]{128})$/;

/** Why a request is not taken. `encrypted-mode`: it is one of the other mode. */
export type FiberRefusal = "malformed" | "encrypted-mode" | "wrong-receiver" | "stale" | "bad-signature";

/** @param nonce - Unix nanoseconds, `_`, and letters or digits that nobody else uses. */
export function signFiber(input: {
  signer: Keypair;
  miner: Hotkey;
  body: Uint8Array;
  nonce: string;
}): Record<string, string> {
  const { signer, miner, body, nonce } = input;
  const signature = signer.sign(fiberSignedBytes(nonce, miner, body));
  return {
    "content-type": "application/json",
    "validator-hotkey": signer.address,
    "miner-hotkey": miner,
    nonce,
    signature: `0x${Buffer.from(signature).toString("hex")}`,
  };
}

/**
 * Stricter than the original, which takes requests that were signed for another miner. A nonce that comes again is the
 * caller's to refuse: remember it for four minutes.
 *
 * @param nowNs - Unix nanoseconds.
 */
export function verifyFiber(
  headers: WireHeaders,
  body: Uint8Array,
  self: Hotkey,
  nowNs: bigint,
): { ok: true; sender: Hotkey; nonce: string } | { ok: false; reason: FiberRefusal } {
  if (headers["symmetric-key-uuid"] !== undefined) return { ok: false, reason: "encrypted-mode" };
  const nonce = singleHeader(headers, "nonce") ?? "";
  const sender = singleHeader(headers, "validator-hotkey") ?? "";
  const signature = SIGNATURE_FORM.exec(singleHeader(headers, "signature") ?? "")?.[1];
  const timeNs = NONCE_FORM.exec(nonce)?.[1];
  const publicKey = fromAddress(sender);
  if (timeNs === undefined || signature === undefined || publicKey === undefined) {
    return { ok: false, reason: "malformed" };
  }
  if (singleHeader(headers, "miner-hotkey") !== self) return { ok: false, reason: "wrong-receiver" };
  const ageNs = nowNs - BigInt(timeNs);
  if (ageNs > WINDOW_NS || -ageNs > WINDOW_NS) return { ok: false, reason: "stale" };
  const isSigned = verifySignature(
    "sr25519",
    fiberSignedBytes(nonce, self, body),
    Uint8Array.from(Buffer.from(signature, "hex")),
    publicKey,
  );
  return isSigned ? { ok: true, sender, nonce } : { ok: false, reason: "bad-signature" };
}

/** UTF-8 of `<nonce>:<miner>:<SHA-256 of the body>`. */
export function fiberSignedBytes(nonce: string, miner: Hotkey, body: Uint8Array): Uint8Array {
  return Buffer.from(`${nonce}:${miner}:${sha256Hex(body)}`);
}
