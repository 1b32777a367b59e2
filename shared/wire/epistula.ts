import { fromAddress, type Keypair } from "../keys/keypair.ts";
import type { Hotkey } from "../types.ts";
import {
  type ClaimedRequest,
  type FreshnessWindow,
  type Refused,
  sha256Hex,
  type VerifiedRequest,
  verifySignature,
} from "./btauth.ts";
import type { Protocol } from "./protocol.ts";
import type { RefusalCode } from "./refusals.ts";
import { singleHeader } from "./single-header.ts";

/*
 * Epistula, version 2: five headers over the exact bytes of a body. It signs neither method nor path, so a route that
 * takes it must not mean something else by the same body than its neighbours do.
 *
 * Stricter than the original: the window holds in both directions, a uuid is taken once, and a request for nobody in
 * particular is refused unless the server was told otherwise. Secret signatures are ignored.
 */

const MS_NS = 1_000_000n;

/** 8 s in both directions, inclusive. */
export const EPISTULA_WINDOW: FreshnessWindow = { maxAgeNs: 8_000n * MS_NS, skewNs: 8_000n * MS_NS };

const VERSION = "2";
const MILLISECONDS_FORM = /^(0|[1-9][0-9]{0,15})$/;
const UUID_FORM = /^[0-9A-Za-z-]{1,64}$/;
const SIGNATURE_FORM = /^0x([0-9a-fA-F]{128})$/;

/** What the headers say, unproven. `nonce` is the timestamp in nanoseconds. */
export type EpistulaClaim = ClaimedRequest & { uuid: string };

/** @returns Headers to send with exactly this body. */
export function signEpistula(input: {
  signer: Keypair;
  /** Undefined signs for everybody. */
  receiver: Hotkey | undefined;
  body: Uint8Array;
  /** A new one for each request. */
  uuid: string;
  /** Unix milliseconds. */
  nowMs: number;
}): Record<string, string> {
  const { signer, receiver, body, uuid, nowMs } = input;
  const bytes = epistulaSignedBytes({ body, uuid, timestampMs: BigInt(nowMs), receiver });
  const headers: Record<string, string> = {
    "epistula-version": VERSION,
    "epistula-timestamp": String(nowMs),
    "epistula-uuid": uuid,
    "epistula-signed-by": signer.address,
    "epistula-request-signature": `0x${Buffer.from(signer.sign(bytes)).toString("hex")}`,
  };
  if (receiver !== undefined) headers["epistula-signed-for"] = receiver;
  return headers;
}

/** UTF-8 of `<SHA-256 of the body>.<uuid>.<milliseconds>.<receiver>`; the last dot stays when there is no receiver. */
export function epistulaSignedBytes(line: {
  body: Uint8Array;
  uuid: string;
  timestampMs: bigint;
  receiver: Hotkey | undefined;
}): Uint8Array {
  return Buffer.from([sha256Hex(line.body), line.uuid, line.timestampMs, line.receiver ?? ""].join("."));
}

/** Epistula as a server sees it. */
export const epistula: Protocol<EpistulaClaim> = {
  id: "epistula/2",

  parseHeaders(headers, rules) {
    const timestamp = singleHeader(headers, "epistula-timestamp");
    const uuid = singleHeader(headers, "epistula-uuid");
    const sender = singleHeader(headers, "epistula-signed-by");
    const receiver = singleHeader(headers, "epistula-signed-for");
    const signature = SIGNATURE_FORM.exec(singleHeader(headers, "epistula-request-signature") ?? "")?.[1];
    if (singleHeader(headers, "epistula-version") !== VERSION || !sender || receiver === null) {
      return refused("BTAUTH_MALFORMED", 1);
    }
    if (!timestamp || !MILLISECONDS_FORM.test(timestamp) || !uuid || !UUID_FORM.test(uuid)) {
      return refused("BTAUTH_MALFORMED", 1);
    }
    if (signature === undefined) return refused("BTAUTH_MALFORMED", 1);
    if (rules.trustedScheme === "ed25519") return refused("BTAUTH_BAD_SIGNATURE", 1);
    return {
      ok: true,
      sender,
      receiver: receiver || undefined,
      scheme: "sr25519",
      uuid,
      ageNs: 0n,
      nonce: BigInt(timestamp) * MS_NS,
      signature: Uint8Array.from(Buffer.from(signature, "hex")),
    };
  },

  checkClaim(claimed, rules, nowNs) {
    const { receiver, nonce } = claimed;
    if (receiver === undefined ? rules.requireReceiver : receiver !== rules.self) {
      return refused("BTAUTH_WRONG_RECEIVER", 2);
    }
    const ageNs = nowNs - nonce;
    if (ageNs > EPISTULA_WINDOW.maxAgeNs || -ageNs > EPISTULA_WINDOW.skewNs) {
      return refused("BTAUTH_STALE", 3);
    }
    return { ...claimed, ageNs };
  },

  verify(claimed, { body }, _self, verify) {
    const { sender, receiver, nonce, uuid, signature } = claimed;
    const publicKey = fromAddress(sender);
    if (publicKey === undefined) return refused("BTAUTH_MALFORMED", 4);
    const bytes = epistulaSignedBytes({ body, uuid, timestampMs: nonce / MS_NS, receiver });
    if (!verifySignature("sr25519", bytes, signature, publicKey, verify)) {
      return refused("BTAUTH_BAD_SIGNATURE", 4);
    }
    const proven = { sender, scheme: "sr25519", nonce, uuid, requestHash: sha256Hex(bytes) };
    return { ok: true, protocol: "epistula/2", ...proven } as VerifiedRequest;
  },

  /** A uuid names a request whatever its timestamp says. */
  replayKey: ({ sender, uuid }, self) => `epistula2:${self}:${sender}:${uuid}`,
};

function refused(code: RefusalCode, step: number): Refused {
  return { ok: false, code, step };
}
