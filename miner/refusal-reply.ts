import { REFUSALS, type RefusalCode, refusalBody } from "../shared/wire/refusals.ts";
import type { Reply } from "./route.ts";

/** In full: what a server adds by itself would not be what was signed. */
export const JSON_CONTENT_TYPE = "application/json; charset=utf-8";
const RETRY_AFTER_SECONDS = "2";

/** Made once: a refusal is the same bytes for everybody, whatever was asked. */
const REPLIES = Object.fromEntries(
  (Object.keys(REFUSALS) as RefusalCode[]).map((code) => [code, toReply(code)]),
) as Record<RefusalCode, Reply>;

/** The constant answer to whoever is refused. */
export function refusalReply(code: RefusalCode): Reply {
  return REPLIES[code];
}

function toReply(code: RefusalCode): Reply {
  const { status } = REFUSALS[code];
  return {
    status,
    contentType: JSON_CONTENT_TYPE,
    headers: status === 429 || status === 503 ? { "retry-after": RETRY_AFTER_SECONDS } : {},
    body: Buffer.from(refusalBody(code)),
  };
}
