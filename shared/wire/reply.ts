import { fromAddress } from "../keys/keypair.ts";
import type { Hotkey } from "../types.ts";
import {
  parseHeaders,
  type SignedLines,
  sha256Hex,
  signedBytes,
  signLines,
  type VerifiedRequest,
  verifySignature,
  type WireHeaders,
  type WireSigner,
} from "./btauth.ts";

/*
 * Signed replies: an extension of btauth/1. A peer that does not know it ignores the headers.
 *
 * The reply carries the headers of a request, signed over the same eight lines, with
 *   line 3  RESPONSE, so that a reply never passes as a request
 *   line 4  <status> <request hash> <content type>, one blank between them
 *   line 5  SHA-256 of the reply's body
 *   line 6  the miner's own nonce: when it signed
 *   line 7  the miner's hotkey
 *   line 8  the caller's hotkey
 * The request hash is the SHA-256 of the request's own eight lines, so it binds method, target, body, nonce and both
 * hotkeys of the question. The body stays as it is.
 */

const REPLY_METHOD = "RESPONSE";

/** What of a reply is signed besides its body. */
export type ReplyHead = { status: number; contentType: string };

/**
 * @param request - The verified question.
 * @param nonce - From the miner's own nonce source.
 * @returns Headers to send with exactly this status, content type and body.
 */
export function signReply(
  reply: ReplyHead & { body: Uint8Array; signer: WireSigner; request: VerifiedRequest; nonce: bigint },
): Record<string, string> {
  const { signer, request, nonce } = reply;
  return signLines(
    signer,
    replyLines(reply, request.requestHash, { nonce, sender: signer.address, receiver: request.sender }),
  );
}

/** A question as it was sent; `headers` are those that `signRequest` returned. */
export type SentRequest = {
  headers: Record<string, string>;
  method: string;
  target: string;
  body: Uint8Array;
};

/**
 * Did this miner give this reply to this question? How old it may be is not asked: the request hash is unique,
 * and the caller's deadline bounds the age.
 */
export function verifyReply(
  reply: ReplyHead & { headers: WireHeaders; body: Uint8Array },
  request: SentRequest,
  miner: Hotkey,
): boolean {
  const asked = parseHeaders(request.headers);
  if (!asked.ok) return false;
  const { method, target, body } = request;
  const requestHash = sha256Hex(signedBytes({ ...asked, method, target, bodyHash: sha256Hex(body) }));
  return verifyReplyTo({ requestHash, sender: asked.sender }, reply, miner);
}

/** The same for whoever kept the hash of the request and not its bytes. */
export function verifyReplyTo(
  asked: Pick<VerifiedRequest, "requestHash" | "sender">,
  reply: ReplyHead & { headers: WireHeaders; body: Uint8Array },
  miner: Hotkey,
): boolean {
  const claimed = parseHeaders(reply.headers, "sr25519");
  const publicKey = fromAddress(miner);
  if (!claimed.ok || publicKey === undefined) return false;
  if (claimed.sender !== miner || claimed.receiver !== asked.sender) return false;
  const { nonce, sender, receiver, signature } = claimed;
  const bytes = signedBytes(replyLines(reply, asked.requestHash, { nonce, sender, receiver }));
  return verifySignature("sr25519", bytes, signature, publicKey);
}

function replyLines(
  reply: ReplyHead & { body: Uint8Array },
  requestHash: string,
  ends: Pick<SignedLines, "nonce" | "sender" | "receiver">,
): SignedLines {
  return {
    scheme: "sr25519",
    method: REPLY_METHOD,
    target: `${reply.status} ${requestHash} ${reply.contentType}`,
    bodyHash: sha256Hex(reply.body),
    ...ends,
  };
}
