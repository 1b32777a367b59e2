import type { Failure } from "../../shared/reasons.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../../shared/wire/message.ts";
import {
  fromPiece,
  MAX_PIECE_RESPONSE_BYTES,
  MODEL_FILE_ROUTE,
  MODEL_PIECE_BYTES,
} from "../../shared/wire/model-file.ts";
import type { Asker, Target } from "../asking.ts";
import { ModelRefusal, Unreached } from "./model-refusal.ts";

const PIECE_TIMEOUT_MS = 10_000;

/** There was no whole answer; any other failure is one that the miner gave. */
const UNREACHED: ReadonlySet<Failure> = new Set<Failure>([
  "connect-failed",
  "timeout",
  "answer-too-slow",
  "rate-limited",
]);

/**
 * A model from the miner that serves it, by signed questions.
 *
 * @throws ModelRefusal bad-address; not-served, for an answer that is none. Unreached
 */
export async function* axonPieces(
  asker: Asker,
  target: Target,
  { sha256, size }: { sha256: string; size: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < size; offset += MODEL_PIECE_BYTES) {
    if (signal.aborted) throw new Unreached("it took too long");
    const reply = await asker.ask(target, {
      ...{ route: MODEL_FILE_ROUTE, body: encodeMessage({ sha256, offset }), timeoutMs: PIECE_TIMEOUT_MS },
      ...{ untilMs: Date.now() + 2 * PIECE_TIMEOUT_MS, maxResponseBytes: MAX_PIECE_RESPONSE_BYTES },
    });
    if (!reply) throw new Unreached("there was no time left to ask");
    if (!reply.ok) {
      if (UNREACHED.has(reply.reason)) throw new Unreached(reply.reason);
      throw new ModelRefusal(reply.reason === "address-refused" ? "bad-address" : "not-served", reply.reason);
    }
    const piece = pieceOf(reply.body, Math.min(MODEL_PIECE_BYTES, size - offset));
    if (!piece) throw new ModelRefusal("not-served", "an answer that is no piece of the model");
    yield piece;
  }
}

function pieceOf(body: Uint8Array, expectedBytes: number): Uint8Array | undefined {
  try {
    const limits = { maxBytes: MAX_PIECE_RESPONSE_BYTES };
    return fromPiece(decodeMessage(body, MESSAGE_CONTENT_TYPE, limits), expectedBytes);
  } catch {
    return undefined;
  }
}
