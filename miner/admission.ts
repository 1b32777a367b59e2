import type { Hotkey } from "../shared/types.ts";
import {
  type ClaimedRequest,
  checkClaim,
  isPlainTarget,
  parseHeaders,
  type VerifiedRequest,
  type VerifyRules,
  verifyBody,
  type WireHeaders,
} from "../shared/wire/btauth.ts";
import { protocolOf } from "../shared/wire/protocol.ts";
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
  target: string;
  headers: WireHeaders;
  state: AxonState;
  maxBodyBytes: number;
  policy: CallerPolicy;
  view: CallerView;
  rules: VerifyRules;
  nowMs: number;
  /** Unix nanoseconds, the same instant as `nowMs`. */
  nowNs: bigint;
  /** Bodies of unproven callers that may still be read at the same time. */
  freeBodies: number;
  /** Answers that may still be worked on at the same time. */
  freeAnswers: number;
  /** Has this address not used up its wrong signatures? */
  addressMayFail: boolean;
};

export type Refusal = { ok: false; code: RefusalCode };

const STATE_REFUSALS = {
  starting: "AXON_NOT_READY",
  serving: undefined,
  stopping: "AXON_STOPPING",
} as const satisfies Record<AxonState, RefusalCode | undefined>;

/** Everything that can be said before the body is read. */
export function admitHeaders(facts: HeaderFacts): (ClaimedRequest & { bodyBytes: number }) | Refusal {
  const { headers, rules, policy, view, nowMs } = facts;
  const early = STATE_REFUSALS[facts.state] ?? refuseForm(facts);
  if (early) return refuse(early);
  const claimed = parseHeaders(headers, rules.trustedScheme);
  if (!claimed.ok) return claimed;
  const stranger = refuseStranger(claimed.sender, policy, view, nowMs);
  if (stranger) return refuse(stranger);
  const fresh = checkClaim(claimed, rules, facts.nowNs);
  if (!fresh.ok) return fresh;
  if (facts.freeAnswers < 1) return refuse("AXON_OVERLOADED"); // no signature work for what is refused anyway
  if (!facts.addressMayFail || facts.freeBodies < 1) return refuse("BTAUTH_BUSY");
  return { ...fresh, bodyBytes: bodyBytes(headers)! };
}

/** What the server knows when the body is in, and what it has to ask. */
export type BodyFacts = {
  claimed: ClaimedRequest;
  request: { method: string; target: string; body: Uint8Array };
  self: string;
  policy: CallerPolicy;
  view: CallerView;
  /** A newer view, for a proven caller whom this one refuses. */
  renewedView(): Promise<CallerView>;
  nowMs: number;
  /** One atomic step of the replay store. A rejection counts as "nobody can say". */
  claimNonce(verified: VerifiedRequest): Promise<Claim>;
  /** Takes one request from the caller's budget, false when it is used up. */
  spend(verified: VerifiedRequest): boolean;
  freeAnswers(): number;
};

const CLAIM_REFUSALS = {
  new: undefined,
  seen: "BTAUTH_REPLAYED",
  "warming-up": "BTAUTH_WARMING_UP",
  unavailable: "BTAUTH_STORE_UNAVAILABLE",
} as const satisfies Record<Claim, RefusalCode | undefined>;

/** Signature, replay, policy, budget, queue. */
export async function admitBody(facts: BodyFacts): Promise<VerifiedRequest | Refusal> {
  const verified = verifyBody(facts.claimed, facts.request);
  if (!verified.ok) return verified;
  const claim = await facts.claimNonce(verified).catch(() => "unavailable" as const);
  const refusal =
    CLAIM_REFUSALS[claim] ??
    (await refuseByNewestView(verified.sender, facts)) ??
    (facts.spend(verified) ? undefined : "BTAUTH_BUSY") ??
    (facts.freeAnswers() < 1 ? "AXON_OVERLOADED" : undefined);
  return refusal ? refuse(refusal) : verified;
}

/** A permit that is a moment old may be missing in our view: look again before a validator is sent away. */
async function refuseByNewestView(sender: Hotkey, facts: BodyFacts): Promise<RefusalCode | undefined> {
  const { policy, view, nowMs } = facts;
  if (!refuseCaller(sender, policy, view, nowMs)) return undefined;
  return refuseCaller(sender, policy, await facts.renewedView(), nowMs);
}

function refuseForm({ target, headers, maxBodyBytes }: HeaderFacts): RefusalCode | undefined {
  if (!isPlainTarget(target)) return "BTAUTH_TARGET_FORM";
  if (headers["content-encoding"] !== undefined) return "BTAUTH_CONTENT_ENCODING";
  const bytes = bodyBytes(headers);
  if (bytes === undefined) return "BTAUTH_LENGTH_REQUIRED";
  if (bytes > maxBodyBytes) return "BTAUTH_BODY_TOO_LARGE";
  return protocolOf(Object.keys(headers), ["btauth/1"]) ? undefined : "BTAUTH_MALFORMED";
}

/** @returns undefined unless the length is known before the first byte: chunked bodies have none. */
function bodyBytes(headers: WireHeaders): number | undefined {
  const [length, ...more] = [headers["content-length"] ?? []].flat();
  if (headers["transfer-encoding"] !== undefined || more.length > 0) return undefined;
  return length !== undefined && /^[0-9]{1,15}$/.test(length) ? Number(length) : undefined;
}

function refuse(code: RefusalCode): Refusal {
  return { ok: false, code };
}
