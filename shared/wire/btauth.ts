import { hash } from "node:crypto";
import { fromAddress, isNobodysKey, type Keypair, verifyEd25519, verifySr25519 } from "../keys/keypair.ts";
import type { Hotkey } from "../types.ts";
import type { Protocol, ProtocolId, VerifySr25519 } from "./protocol.ts";
import type { RefusalCode } from "./refusals.ts";
import { singleHeader } from "./single-header.ts";

/*
 * btauth/1: headers that prove who sent exactly this HTTP request, to whom, and that it is recent.
 * Source: RaoFoundation/subtensor, docs/guides/signed-requests.mdx.
 */

export type Scheme = "sr25519" | "ed25519";

/** Signs with the hotkey of that address. */
export type WireSigner = Pick<Keypair, "address" | "sign">;

/** Names in lower case, as node:http (`headersDistinct`) and undici give them. An array is a repeated header. */
export type WireHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How long a signature is good for, nanoseconds, both bounds inclusive. */
export type FreshnessWindow = { maxAgeNs: bigint; skewNs: bigint };

export const DEFAULT_WINDOW: FreshnessWindow = { maxAgeNs: 10_000_000_000n, skewNs: 2_000_000_000n };

/** What a server decides about requests; nothing of it comes from the caller. */
export type VerifyRules = {
  /** The server's own hotkey. */
  self: Hotkey;
  window: FreshnessWindow;
  /** Refuse requests that name no receiver. */
  requireReceiver: boolean;
  /** The one scheme that is accepted; undefined for both. */
  trustedScheme?: Scheme | undefined;
};

/** What the headers say. Nothing of it is proven: good for refusing, never for accepting. */
export type ClaimedRequest = {
  ok: true;
  sender: Hotkey;
  receiver: Hotkey | undefined;
  scheme: Scheme;
  /** Unix nanoseconds. */
  nonce: bigint;
  signature: Uint8Array;
  /** From signing to `now`; negative when the sender's clock is ahead. */
  ageNs: bigint;
};

declare const verified: unique symbol;

/** Proof that the signature was checked: only `Protocol.verify` makes one. */
export type VerifiedRequest = {
  ok: true;
  protocol: ProtocolId;
  sender: Hotkey;
  scheme: Scheme;
  nonce: bigint;
  /** SHA-256 of the signed bytes, 64 hex digits: names this request and no other. */
  requestHash: string;
  /** The caller's own name of the request, in conventions that have one. */
  uuid?: string;
  readonly [verified]: true;
};

/** `step` is the number of the check in the specification's order. */
export type Refused = { ok: false; code: RefusalCode; step: number };

export type SignInput = {
  signer: WireSigner;
  /** Undefined signs for everybody: only for endpoints without a hotkey. */
  receiver: Hotkey | undefined;
  method: string;
  /** Path and query as they will travel: `url.pathname + url.search`. */
  target: string;
  /** The very bytes that will be sent. */
  body: Uint8Array;
  /** From `createNonceSource`, a new one for each attempt. */
  nonce: bigint;
};

/** The eight lines that are signed. */
export type SignedLines = {
  scheme: Scheme;
  method: string;
  target: string;
  bodyHash: string;
  nonce: bigint;
  sender: Hotkey;
  receiver: Hotkey | undefined;
};

const VERSION = "1";
const NONCE_FORM = /^(0|[1-9][0-9]{0,19})$/;
const SIGNATURE_FORM = /^(?:0x)?([0-9a-fA-F]{128})$/;
const SCHEMES: Record<string, Scheme> = {
  sr25519: "sr25519",
  "1": "sr25519",
  ed25519: "ed25519",
  "0": "ed25519",
};

/** @returns Headers to send with exactly this method, target and body. */
export function signRequest(input: SignInput): Record<string, string> {
  return signLines(input.signer, {
    scheme: "sr25519",
    method: input.method,
    target: input.target,
    bodyHash: sha256Hex(input.body),
    nonce: input.nonce,
    sender: input.signer.address,
    receiver: input.receiver,
  });
}

/** Signs the lines and puts what the other side needs to rebuild them into headers. */
export function signLines(signer: WireSigner, lines: SignedLines): Record<string, string> {
  const headers: Record<string, string> = {
    "x-bittensor-version": VERSION,
    "x-bittensor-hotkey": lines.sender,
    "x-bittensor-nonce": lines.nonce.toString(),
    "x-bittensor-signature": `0x${Buffer.from(signer.sign(signedBytes(lines))).toString("hex")}`,
  };
  if (lines.receiver !== undefined) headers["x-bittensor-receiver"] = lines.receiver;
  return headers;
}

/**
 * Steps 1 to 3, which need headers only: do them before the body is read.
 *
 * @param now - Unix nanoseconds, read once per request.
 */
export function checkHeaders(
  headers: WireHeaders,
  rules: VerifyRules,
  now: bigint,
): ClaimedRequest | Refused {
  const claimed = parseHeaders(headers, rules.trustedScheme);
  return claimed.ok ? checkClaim(claimed, rules, now) : claimed;
}

/** Steps 2 and 3: meant for us, and fresh. */
function checkClaim(claimed: ClaimedRequest, rules: VerifyRules, now: bigint): ClaimedRequest | Refused {
  if (claimed.receiver === undefined ? rules.requireReceiver : claimed.receiver !== rules.self) {
    return refused("BTAUTH_WRONG_RECEIVER", 2);
  }
  const ageNs = now - claimed.nonce;
  if (ageNs > rules.window.maxAgeNs || -ageNs > rules.window.skewNs) return refused("BTAUTH_STALE", 3);
  return { ...claimed, ageNs };
}

/** Step 4: is this what the sender signed? `method` and `target` as they arrived on the wire. */
export function verifyBody(
  claimed: ClaimedRequest,
  request: { method: string; target: string; body: Uint8Array },
  verify: VerifySr25519 = verifySr25519,
): VerifiedRequest | Refused {
  const publicKey = fromAddress(claimed.sender);
  if (publicKey === undefined) return refused("BTAUTH_MALFORMED", 4);
  const { scheme, nonce, sender, receiver, signature } = claimed;
  const { method, target, body } = request;
  const bytes = signedBytes({ scheme, method, target, bodyHash: sha256Hex(body), nonce, sender, receiver });
  if (!verifySignature(scheme, bytes, signature, publicKey, verify))
    return refused("BTAUTH_BAD_SIGNATURE", 4);
  const requestHash = sha256Hex(bytes);
  return { ok: true, protocol: "btauth/1", sender, scheme, nonce, requestHash } as VerifiedRequest;
}

/** btauth/1 as a server sees it. */
export const btauth: Protocol = {
  id: "btauth/1",
  parseHeaders: (headers, rules) => parseHeaders(headers, rules.trustedScheme),
  checkClaim,
  verify: (claimed, request, _self, verify) => verifyBody(claimed, request, verify),
  replayKey: ({ sender, nonce }, self) => `btauth1:${self}:${sender}:${nonce}`,
};

/** Step 0 for the target: a path of this server, neither a whole URL nor one with a fragment. */
export function isPlainTarget(target: string): boolean {
  return target.startsWith("/") && !target.includes("#");
}

/** Eight lines, LF between them and none at the end. */
export function signedBytes(lines: SignedLines): Uint8Array {
  const { scheme, method, target, bodyHash, nonce, sender, receiver } = lines;
  const request = `${method.toUpperCase()}\n${target}\n${bodyHash}\n${nonce}`;
  return Buffer.from(`btauth/1\n${scheme}\n${request}\n${sender}\n${receiver ?? "-"}`);
}

/** Steps 1a to 1f. `ageNs` is 0 until somebody looks at a clock. */
export function parseHeaders(headers: WireHeaders, trustedScheme?: Scheme): ClaimedRequest | Refused {
  const malformed = refused("BTAUTH_MALFORMED", 1);
  const version = singleHeader(headers, "x-bittensor-version");
  const sender = singleHeader(headers, "x-bittensor-hotkey");
  const receiver = singleHeader(headers, "x-bittensor-receiver");
  const nonce = singleHeader(headers, "x-bittensor-nonce");
  const crypto = singleHeader(headers, "x-bittensor-crypto");
  const signature = singleHeader(headers, "x-bittensor-signature");
  if (version !== VERSION || !sender || receiver === null) return malformed;
  if (!nonce || !NONCE_FORM.test(nonce) || crypto === null) return malformed;
  const scheme = crypto === undefined ? "sr25519" : schemeNamed(crypto);
  if (scheme === undefined) return malformed;
  if (trustedScheme !== undefined && scheme !== trustedScheme) return refused("BTAUTH_BAD_SIGNATURE", 1);
  const hex = signature ? SIGNATURE_FORM.exec(signature)?.[1] : undefined;
  if (hex === undefined) return malformed;
  return { ok: true, sender, receiver, scheme, nonce: BigInt(nonce), signature: fromHex(hex), ageNs: 0n };
}

/** The one look at a signature, of every convention and of replies. */
export function verifySignature(
  scheme: Scheme,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
  verify: VerifySr25519 = verifySr25519,
): boolean {
  if (isNobodysKey(publicKey)) return false;
  return scheme === "sr25519"
    ? verify(message, signature, publicKey)
    : verifyEd25519(message, signature, publicKey);
}

/** 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

function schemeNamed(header: string): Scheme | undefined {
  const name = header.trim().toLowerCase();
  return Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex")); // a copy: what Buffer gives is part of a pool
}

function refused(code: RefusalCode, step: number): Refused {
  return { ok: false, code, step };
}
