import { createHash } from "node:crypto";
import type { SignedResult } from "../../shared/journal/result-records.ts";
import { toHex } from "../../shared/keys/key-forms.ts";
import { toFixed18 } from "../../shared/rules/fixed-18.ts";
import { RESULT_DOMAIN, resultDigest } from "../../shared/rules/result-digest.ts";
import type { Hex } from "../../shared/types.ts";

/** A reply that was made once, and is sent as it is. */
export type Page = { status: number; etag: string; headers: readonly string[]; body: Buffer };

/** `latest`: another one may be there a moment later. `fixed`: this document is never another. */
export type Lifetime = "latest" | "fixed";

/** A second: what is cached on the way is hardly older than what is here. */
const CACHE: Record<Lifetime | "refused", string> = {
  latest: "public, max-age=1",
  fixed: "public, max-age=31536000, immutable",
  refused: "no-store",
};

/**
 * A result as consumers read it. `record` is what the signatures are over, in the very form that its EIP-712 digest is made
 * from; everything else is said beside it.
 *
 * @param isStale - Nothing newer came for much longer than it should have taken.
 */
export function resultDocument(
  genesis: Hex,
  { mechanism, name, record, facts, signatures, signedMs }: SignedResult,
  isStale: boolean,
) {
  const { netuid, topic, epoch, value, ci, validUntil, nonce } = record;
  const scaled = (number: number) => String(toFixed18(number));
  return {
    ...{ topic, name, netuid, mechanism, epoch, nonce, value, ci, facts, validUntil },
    ...{ signedAt: new Date(signedMs).toISOString(), isStale },
    record: { netuid, topic, epoch, value: scaled(value), ci: ci.map(scaled), validUntil, nonce },
    domain: { ...RESULT_DOMAIN, salt: genesis },
    digest: toHex(resultDigest(genesis, record)),
    signatures,
  };
}

export function toPage(document: unknown, lifetime: Lifetime): Page {
  const body = Buffer.from(`${JSON.stringify(document)}\n`);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { status: 200, etag, body, headers: [...headersOf(CACHE[lifetime]), "etag", etag] };
}

/** @param code - A word for programs. */
export function refusal(status: number, code: string, message: string, more: readonly string[] = []): Page {
  const body = Buffer.from(`${JSON.stringify({ error: { code, message } })}\n`);
  return { status, etag: "", body, headers: [...headersOf(CACHE.refused), ...more] };
}

/** Anybody's page may read it: it is public, and nothing here knows who asks. */
function headersOf(cache: string): string[] {
  return [
    ...["content-type", "application/json; charset=utf-8", "cache-control", cache],
    ...["access-control-allow-origin", "*", "x-content-type-options", "nosniff"],
  ];
}
