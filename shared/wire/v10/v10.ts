import { fromAddress, type Keypair } from "../../keys/keypair.ts";
import type { Hotkey } from "../../types.ts";
import {
  type ClaimedRequest,
  type FreshnessWindow,
  type Refused,
  sha256Hex,
  type VerifiedRequest,
  verifySignature,
  type WireHeaders,
} from "../btauth.ts";
import type { Protocol } from "../protocol.ts";
import type { RefusalCode } from "../refusals.ts";
import { singleHeader } from "../single-header.ts";

/*
 * The axon and dendrite convention of SDK 7 to 10. A caller signs one line of nonce, both hotkeys, its uuid and a hash
 * over some fields of the body; neither path nor method, nor what the hash does not cover.
 *
 * Stricter than the original: a signature is always needed, a nonce may be 4 s ahead at most, the window holds for
 * every request and every version, the caller's timeout widens it by a minute at most, and a nonce is taken once
 * instead of having to rise.
 */

const SECOND_NS = 1_000_000_000;
const SLACK_NS = 4_000_000_000n;
/** Upstream adds the caller's own, unsigned timeout to the window. */
const MAX_TIMEOUT_S = 60;

/** The widest window that a request can get: what a replay store has to cover. */
export const V10_WINDOW: FreshnessWindow = {
  maxAgeNs: SLACK_NS + BigInt(MAX_TIMEOUT_S * SECOND_NS),
  skewNs: SLACK_NS,
};

const NONCE_FORM = /^(0|[1-9][0-9]{0,19})$/;
const UUID_FORM = /^[0-9A-Za-z-]{1,64}$/;
const SIGNATURE_FORM = /^0x([0-9a-fA-F]{128})$/;
const HASH_FORM = /^[0-9a-f]{64}$/;
const SECONDS_FORM = /^[0-9]{1,9}(\.[0-9]{1,20})?$/;

/** What the headers say, unproven. */
export type V10Claim = ClaimedRequest & { uuid: string; bodyHash: string; timeoutNs: bigint };

/** The line that a dendrite signs. */
export type V10Line = {
  nonce: bigint;
  sender: Hotkey;
  receiver: Hotkey;
  uuid: string;
  /** Undefined prints `None`, as Python does for a request without the header. No axon of ours takes that. */
  bodyHash: string | undefined;
};

/** UTF-8 of `nonce.sender.receiver.uuid.hash`. */
export function v10SignedBytes({ nonce, sender, receiver, uuid, bodyHash }: V10Line): Uint8Array {
  return Buffer.from([nonce, sender, receiver, uuid, bodyHash ?? "None"].join("."));
}

/** @returns `0x` and 128 hex digits. */
export function signV10(signer: Keypair, line: Omit<V10Line, "sender">): string {
  const bytes = v10SignedBytes({ ...line, sender: signer.address });
  return `0x${Buffer.from(signer.sign(bytes)).toString("hex")}`;
}

/** v10 as a server sees it. The receiver is not claimed: the signature is over the server's own hotkey. */
export const v10: Protocol<V10Claim> = {
  id: "v10",

  parseHeaders(headers, rules) {
    const nonce = singleHeader(headers, "bt_header_dendrite_nonce");
    const sender = singleHeader(headers, "bt_header_dendrite_hotkey");
    const uuid = singleHeader(headers, "bt_header_dendrite_uuid");
    const bodyHash = singleHeader(headers, "computed_body_hash");
    const signature = SIGNATURE_FORM.exec(singleHeader(headers, "bt_header_dendrite_signature") ?? "")?.[1];
    if (!nonce || !NONCE_FORM.test(nonce) || !sender || !uuid || !UUID_FORM.test(uuid)) return malformed();
    if (!bodyHash || !HASH_FORM.test(bodyHash) || signature === undefined) return malformed();
    if (rules.trustedScheme === "ed25519") return refused("BTAUTH_BAD_SIGNATURE", 1);
    return {
      ok: true,
      sender,
      receiver: undefined,
      scheme: "sr25519",
      nonce: BigInt(nonce),
      ageNs: 0n,
      signature: Uint8Array.from(Buffer.from(signature, "hex")),
      uuid,
      bodyHash,
      timeoutNs: timeoutNs(headers),
    };
  },

  checkClaim(claimed, _rules, nowNs) {
    const ageNs = nowNs - claimed.nonce;
    if (ageNs >= SLACK_NS + claimed.timeoutNs || -ageNs > SLACK_NS) return refused("BTAUTH_STALE", 3);
    return { ...claimed, ageNs };
  },

  verify(claimed, _request, self, verify) {
    const { sender, nonce, uuid, signature, bodyHash } = claimed;
    const publicKey = fromAddress(sender);
    if (publicKey === undefined) return refused("BTAUTH_MALFORMED", 4);
    const bytes = v10SignedBytes({ nonce, sender, receiver: self, uuid, bodyHash });
    if (!verifySignature("sr25519", bytes, signature, publicKey, verify)) {
      return refused("BTAUTH_BAD_SIGNATURE", 4);
    }
    const proven = { protocol: "v10", sender, scheme: "sr25519", nonce, uuid, requestHash: sha256Hex(bytes) };
    return { ok: true, ...proven } as VerifiedRequest;
  },

  replayKey: ({ sender, nonce, uuid }, self) => `v10:${self}:${sender}:${uuid}:${nonce}`,
};

/** Not signed, so it can only widen the window, and only so far. What is no plain number counts as none. */
function timeoutNs(headers: WireHeaders): bigint {
  const text = singleHeader(headers, "timeout") ?? "";
  return SECONDS_FORM.test(text) ? BigInt(Math.round(Math.min(Number(text), MAX_TIMEOUT_S) * SECOND_NS)) : 0n;
}

function malformed(): Refused {
  return refused("BTAUTH_MALFORMED", 1);
}

function refused(code: RefusalCode, step: number): Refused {
  return { ok: false, code, step };
}
