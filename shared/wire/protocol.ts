import type { Hotkey } from "../types.ts";
import type { ClaimedRequest, Refused, VerifiedRequest, VerifyRules, WireHeaders } from "./btauth.ts";

/** Conventions in which a caller proves who sent exactly this request. */
export type ProtocolId = "btauth/1" | "v10" | "epistula/2";

/** @returns false for a signature of the wrong length, form or key. Never throws. */
export type VerifySr25519 = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

/**
 * What a server needs of a convention, in the order in which it is asked. Only `verify` proves anything: what comes
 * before it may refuse and never welcomes.
 */
export type Protocol<Claim extends ClaimedRequest = ClaimedRequest> = {
  id: ProtocolId;
  /** What the headers say, from headers alone. `ageNs` is 0 until `checkClaim`. */
  parseHeaders(headers: WireHeaders, rules: VerifyRules): Claim | Refused;
  /**
   * Meant for us, and fresh by the server's own window.
   *
   * @param nowNs - Unix nanoseconds, read once per request.
   */
  checkClaim(claimed: Claim, rules: VerifyRules, nowNs: bigint): Claim | Refused;
  /** The signature, over method, target and body as they came over the wire. */
  verify(
    claimed: Claim,
    request: { method: string; target: string; body: Uint8Array },
    self: Hotkey,
    verifySr25519: VerifySr25519,
  ): VerifiedRequest | Refused;
  /** Under which name this request is remembered, so that it passes once. Different for each convention. */
  replayKey(verified: VerifiedRequest, self: Hotkey): string;
};

/** Beginning of the header names, in lower case, that select a convention. */
const HEADER_PREFIXES = {
  "btauth/1": "x-bittensor-",
  v10: "bt_header_dendrite_",
  "epistula/2": "epistula-",
} as const satisfies Record<ProtocolId, string>;

const PREFIXES = Object.entries(HEADER_PREFIXES) as [ProtocolId, string][];

/**
 * Which convention takes a request, by header names alone. There is no second try with another one, so a broken btauth
 * request cannot be downgraded to a weaker convention.
 *
 * @param names - Header names in any case.
 * @returns undefined for none, for two at once, accepted or not, and for one that is not accepted.
 */
export function protocolOf(names: Iterable<string>, accepts: readonly ProtocolId[]): ProtocolId | undefined {
  let found: ProtocolId | undefined;
  for (const name of names) {
    const lower = name.toLowerCase();
    for (const [id, prefix] of PREFIXES) {
      if (!lower.startsWith(prefix)) continue;
      if (found !== undefined && found !== id) return undefined;
      found = id;
    }
  }
  return found !== undefined && accepts.includes(found) ? found : undefined;
}
