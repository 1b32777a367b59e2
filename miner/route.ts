import type { VerifiedRequest, WireHeaders } from "../shared/wire/btauth.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import type { RefusalCode } from "../shared/wire/refusals.ts";

/** One path of the axon that answers callers who proved who they are. */
export type SignedRoute = {
  method: "POST" | "GET";
  /** The exact path; what follows `?` in a target does not count. */
  path: string;
  accepts: readonly ProtocolId[];
  /** After this the question's signal aborts and the caller is told that there is no answer in time. */
  timeoutMs: number;
  maxRequestBytes: number;
  maxResponseBytes: number;
  /**
   * Replies to btauth/1 questions are signed by the axon, whatever the route.
   *
   * @returns undefined for a behaviour that gives no answer: the connection is closed without one.
   * @throws BadRequest for what is no question of this route, INFERENCE_* for work that has no room or no time
   */
  answer(question: Question): Promise<Reply | undefined>;
  /** How this route says no. Default: status and constant coded body of the refusal. */
  refusal?(code: RefusalCode): Reply;
};

/** A verified question. Headers other than those of the convention are not signed: nothing may hang on them. */
export type Question = {
  /** To be read before the first wait: other questions are put there afterwards. */
  body: Uint8Array;
  headers: WireHeaders;
  /** Empty when there is none. */
  contentType: string;
  /** Path and query as they came over the wire. */
  target: string;
  verified: VerifiedRequest;
  signal: AbortSignal;
};

export type Reply = {
  status: number;
  contentType: string;
  /** Names in lower case. */
  headers?: Record<string, string>;
  body: Uint8Array;
};

/** A page for everybody: it costs the same at each call and takes nothing from the caller. */
export type PublicPage = { method: "GET"; path: string; show(): Reply };
