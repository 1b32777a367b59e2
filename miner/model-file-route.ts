import { open } from "node:fs/promises";
import { SubforgeError } from "../shared/errors.ts";
import type { Hotkey } from "../shared/types.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import {
  MAX_AUDITED_MODEL_BYTES,
  MAX_PIECE_REQUEST_BYTES,
  MAX_PIECE_RESPONSE_BYTES,
  MODEL_FILE_ROUTE,
  MODEL_PIECE_BYTES,
  parsePieceRequest,
  toPiece,
} from "../shared/wire/model-file.ts";
import { BadRequest } from "./answering.ts";
import { Budget } from "./budget.ts";
import type { HandedOutModels } from "./handed-out-models.ts";
import type { Question, Reply, SignedRoute } from "./route.ts";

const TIMEOUT_MS = 10_000;
const MAX_CALLERS = 1_024;

/** A validator keeps what it has got: twice the largest file at once, and as much again in an hour. */
const BURST_PIECES = 2 * Math.ceil(MAX_AUDITED_MODEL_BYTES / MODEL_PIECE_BYTES);
const PIECES_PER_SECOND = BURST_PIECES / 3_600;

/**
 * `POST /model-file`: committed models, piece by piece, to those who may ask questions. A model is named by its hash: no
 * part of a path comes from a caller.
 */
export function modelFileRoute(handedOut: Pick<HandedOutModels, "pathOf">, nowMs: () => number): SignedRoute {
  const budget = new Budget({
    ...{ perSecond: PIECES_PER_SECOND, burst: BURST_PIECES, maxKeys: MAX_CALLERS },
  });
  return {
    ...{ method: "POST", path: MODEL_FILE_ROUTE, accepts: ["btauth/1"], timeoutMs: TIMEOUT_MS },
    ...{ maxRequestBytes: MAX_PIECE_REQUEST_BYTES, maxResponseBytes: MAX_PIECE_RESPONSE_BYTES },
    answer: (question) => answer(question, handedOut, (caller) => budget.take(caller, nowMs())),
  };
}

async function answer(
  { body, contentType, verified }: Question,
  handedOut: Pick<HandedOutModels, "pathOf">,
  mayTake: (caller: Hotkey) => boolean,
): Promise<Reply> {
  const { sha256, offset } = parse(body, contentType);
  const path = handedOut.pathOf(sha256);
  if (path === undefined) throw new BadRequest("not a model of this miner");
  if (!mayTake(verified.sender)) throw new SubforgeError("INFERENCE_OVERLOADED", { waiting: 0 });
  const piece = await readPiece(path, offset);
  if (piece.length === 0) throw new BadRequest("the file ends before this piece");
  return { status: 200, contentType: MESSAGE_CONTENT_TYPE, body: encodeMessage(toPiece(piece)) };
}

function parse(body: Uint8Array, contentType: string) {
  try {
    return parsePieceRequest(decodeMessage(body, contentType, { maxBytes: MAX_PIECE_REQUEST_BYTES }));
  } catch (error) {
    throw new BadRequest("not a question for a piece of a model", { cause: error });
  }
}

async function readPiece(path: string, offset: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(MODEL_PIECE_BYTES);
    let filled = 0;
    for (let read = 1; read > 0 && filled < bytes.length; filled += read)
      ({ bytesRead: read } = await file.read(bytes, filled, bytes.length - filled, offset + filled));
    return bytes.slice(0, filled);
  } finally {
    await file.close();
  }
}
