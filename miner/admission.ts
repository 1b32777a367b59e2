import type { Hotkey } from "../shared/types.ts";
import {
  type ClaimedRequest,
  isPlainTarget,
  type VerifiedRequest,
  type VerifyRules,
  type WireHeaders,
} from "../shared/wire/btauth.ts";
import { type Protocol, type ProtocolId, protocolOf } from "../shared/wire/protocol.ts";
import type { RefusalCode } from "../shared/wire/refusals.ts";
import type { Claim } from "../shared/wire/replay-store.ts";
import { type CallerPolicy, type CallerView, refuseCaller, refuseStranger } from "./caller-policy.ts";

/*
 * The order in which a request is checked: what is cheap first, and nothing is spent on a caller's account before it
 * proved who it is. Everything before the signature may only refuse. Nothing here is taken from unsigned headers but
 * the size of the body.
 */

export type AxonState = "starting" | "serving" | "stopping";

/** What the server knows when the headers are in. */
export type HeaderFacts = {
  method: string;
  target: string;
  headers: WireHeaders;
  state: AxonState;
  maxBodyBytes: number;
  /** What this server takes, and of that what the route takes. */
  protocols: ReadonlyMap<ProtocolId, Protocol>;
  accepts: readonly ProtocolId[];
  policy: CallerPolicy;
  view: CallerView;
  rules: VerifyRules;
  nowMs: number;
  /** Unix nanoseconds, the same instant as `nowMs`. */
  nowNs: bigint;
  /** Is told how old each request of a known hotkey claims to be, refused for it or not. */
  noteAge?(ageNs: bigint): void;
  /** Answers that may still be worked on at the same time. */
  freeAnswers: number;
  /** Signatures that may still wait for their turn. */
  freeSignatures: number;
  /** Has this address not used up its wrong signatures? */
  addressMayFail: boolean;
  /** May this address hand in another body of that size before it proved anything? */
  hasRoomForBody(bytes: number): boolean;
};

export type Refusal = { ok: false; code: RefusalCode; protocol?: ProtocolId };
export type ClaimedBody = { ok: true; claimed: ClaimedRequest; protocol: Protocol; bodyBytes: number };

const STATE_REFUSALS = {
  starting: "AXON_NOT_READY",
  serving: undefined,
  stopping: "AXON_STOPPING",
} as const satisfies Record<AxonState, RefusalCode | undefined>;

/** Size, shape, known hotkey, freshness, room: everything that can be said before the body is read. */
export function admitHeaders(facts: HeaderFacts): ClaimedBody | Refusal {
  const { headers, rules, policy, view, nowMs } = facts;
  const early = STATE_REFUSALS[facts.state] ?? refuseForm(facts);
  if (early) return refuse(early);
  const id = protocolOf(Object.keys(headers), facts.accepts);
  const protocol = id && facts.protocols.get(id);
  if (!protocol) return refuse("BTAUTH_MALFORMED");
  const claimed = protocol.parseHeaders(headers, rules);
  if (!claimed.ok) return refuse(claimed.code, protocol);
  const stranger = refuseStranger(claimed.sender, policy, view, nowMs);
  if (stranger) return refuse(stranger, protocol);
  facts.noteAge?.(facts.nowNs - claimed.nonce);
  const fresh = protocol.checkClaim(claimed, rules, facts.nowNs);
  if (!fresh.ok) return refuse(fresh.code, protocol);
  // No signature work for what is refused anyway.
  if (facts.freeAnswers < 1 || facts.freeSignatures < 1) return refuse("AXON_OVERLOADED", protocol);
  const bytes = bodyBytes(facts)!;
  if (!facts.addressMayFail || !facts.hasRoomForBody(bytes)) return refuse("BTAUTH_BUSY", protocol);
  return { ok: true, claimed: fresh, protocol, bodyBytes: bytes };
}

/** What the server knows of a request that proved itself, and what it has to ask. */
export type VerifiedFacts = {
  verified: VerifiedRequest;
  policy: CallerPolicy;
  view: CallerView;
  /** A newer view, for a proven caller whom this one refuses. */
  renewedView(): Promise<CallerView>;
  nowMs: number;
  /** One atomic step of the replay store. A rejection counts as "nobody can say". */
  claimNonce(verified: VerifiedRequest): Promise<Claim>;
  /** Takes one request from the caller's budget, false when it is used up. */
  spend(verified: VerifiedRequest): boolean;
  /** Takes a place among the answers, or says why there is none. */
  enter(): RefusalCode | undefined;
};

const CLAIM_REFUSALS = {
  new: undefined,
  seen: "BTAUTH_REPLAYED",
  "warming-up": "BTAUTH_WARMING_UP",
  unavailable: "BTAUTH_STORE_UNAVAILABLE",
} as const satisfies Record<Claim, RefusalCode | undefined>;

/** Replay, policy, budget, queue. @returns Why not; undefined when a place among the answers was taken. */
export async function admitVerified(facts: VerifiedFacts): Promise<RefusalCode | undefined> {
  const { verified, policy, view, nowMs } = facts;
  const claim = await facts.claimNonce(verified).catch(() => "unavailable" as const);
  return (
    CLAIM_REFUSALS[claim] ??
    // Most callers are welcome by the view at hand: they need not wait for another one.
    (refuseCaller(verified.sender, policy, view, nowMs) &&
      (await refuseByNewestView(verified.sender, facts))) ??
    (facts.spend(verified) ? facts.enter() : "BTAUTH_BUSY")
  );
}

/** A permit that is a moment old may be missing in our view: look again before a validator is sent away. */
async function refuseByNewestView(sender: Hotkey, facts: VerifiedFacts): Promise<RefusalCode | undefined> {
  return refuseCaller(sender, facts.policy, await facts.renewedView(), facts.nowMs);
}

/** What of a request can be wrong whoever sent it. */
export type RequestForm = Pick<HeaderFacts, "method" | "target" | "headers" | "maxBodyBytes">;

/** Size and shape. */
export function refuseForm(facts: RequestForm): RefusalCode | undefined {
  // Two hosts are two targets: whoever stood in between may have gone by the other one.
  if (!isPlainTarget(facts.target) || Array.isArray(facts.headers.host)) return "BTAUTH_TARGET_FORM";
  if (facts.headers["content-encoding"] !== undefined) return "BTAUTH_CONTENT_ENCODING";
  const bytes = bodyBytes(facts);
  if (bytes === undefined) return "BTAUTH_LENGTH_REQUIRED";
  return bytes > facts.maxBodyBytes ? "BTAUTH_BODY_TOO_LARGE" : undefined;
}

/** @returns undefined unless the length is known before the first byte: chunked bodies have none. A GET needs none. */
export function bodyBytes({ method, headers }: Pick<RequestForm, "method" | "headers">): number | undefined {
  const length = headers["content-length"];
  if (headers["transfer-encoding"] !== undefined) return undefined;
  if (length === undefined) return method === "GET" ? 0 : undefined;
  const text = typeof length === "string" ? length : length.length === 1 ? length[0]! : "";
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function refuse(code: RefusalCode, protocol?: Protocol): Refusal {
  return { ok: false, code, ...(protocol && { protocol: protocol.id }) };
}
