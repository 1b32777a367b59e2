type RefusalSpec = {
  /** HTTP status. */
  status: number;
  /** Constant text for the caller: names no expected value and reflects nothing of the request. */
  detail: string;
  /** May the caller try again with a new signature? */
  retry: boolean;
};

/**
 * Every answer of an axon that is not the answer to the question. 401: not verified. 403: verified, and not wanted.
 * 429: the caller has used up its budget. 503: not now. The body is `{"code", "detail"}`, under 128 bytes.
 */
export const REFUSALS = {
  BTAUTH_TARGET_FORM: refusal(400, "target must be a path", false),
  BTAUTH_CONTENT_ENCODING: refusal(415, "body must not be compressed", false),
  BTAUTH_BODY_TOO_LARGE: refusal(413, "body is too large", false),
  BTAUTH_LENGTH_REQUIRED: refusal(411, "content-length is missing", false),
  BTAUTH_BODY_TIMEOUT: refusal(408, "body came too slowly", true),
  BTAUTH_BUSY: refusal(429, "too many requests", true),
  BTAUTH_MALFORMED: refusal(401, "authentication headers are malformed", false),
  BTAUTH_WRONG_RECEIVER: refusal(401, "signed for another receiver", false),
  BTAUTH_STALE: refusal(401, "signed too long ago, or clocks differ", true),
  BTAUTH_BAD_SIGNATURE: refusal(401, "signature does not match", false),
  BTAUTH_REPLAYED: refusal(401, "seen before", true),
  BTAUTH_STORE_UNAVAILABLE: refusal(503, "cannot rule out a replay", true),
  BTAUTH_WARMING_UP: refusal(503, "just started", true),
  BTAUTH_NOT_WELCOME: refusal(403, "caller policy refuses this hotkey", false),
  AXON_NOT_FOUND: refusal(404, "no such route", false),
  AXON_CHAIN_STALE: refusal(503, "view of the chain is too old", true),
  AXON_OVERLOADED: refusal(503, "queue is full", true),
  AXON_NOT_READY: refusal(503, "model is not ready", true),
  AXON_STOPPING: refusal(503, "shutting down", true),
  AXON_BAD_REQUEST: refusal(400, "not a valid question", false),
  AXON_DEADLINE: refusal(504, "no answer in time", true),
  AXON_FAILED: refusal(500, "answering failed", false),
} as const satisfies Record<string, RefusalSpec>;

export type RefusalCode = keyof typeof REFUSALS;

export function isRefusalCode(value: unknown): value is RefusalCode {
  return typeof value === "string" && Object.hasOwn(REFUSALS, value);
}

/** The body of a refusal: JSON, the same bytes each time. */
export function refusalBody(code: RefusalCode): string {
  return JSON.stringify({ code, detail: REFUSALS[code].detail });
}

function refusal(status: number, detail: string, retry: boolean): RefusalSpec {
  return { status, detail, retry };
}
