import { z } from "zod";
import type { Message } from "../template.ts";
import { isTensor, tensor } from "../tensor.ts";

/*
 * How a validator gets the file of a committed model from the miner itself, in pieces: a question names the file by its
 * hash and where the piece begins, the answer is the bytes. Both are messages, signed as any other question and answer.
 */

/** Request target, POST only. One segment: no template's route is like it. */
export const MODEL_FILE_ROUTE = "/model-file";

/** Bytes of each piece but the last. */
export const MODEL_PIECE_BYTES = 4 * 2 ** 20;

/** Largest file that is handed out and run again, as a question of an audit is for a model of moderate size. */
export const MAX_AUDITED_MODEL_BYTES = 200_000_000;

export const MAX_PIECE_REQUEST_BYTES = 1_024;
/** A piece, and the frame around it. */
export const MAX_PIECE_RESPONSE_BYTES = MODEL_PIECE_BYTES + 1_024;

/** `sha256`: 64 lower-case digits of the whole file. `offset`: bytes before the piece. */
export type PieceRequest = { sha256: string; offset: number };

const requestSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  offset: z.int().min(0).max(MAX_AUDITED_MODEL_BYTES).multipleOf(MODEL_PIECE_BYTES),
});

/** @throws ZodError for what is no question for a piece */
export function parsePieceRequest(message: Message): PieceRequest {
  return requestSchema.parse(message);
}

export function toPiece(bytes: Uint8Array): Message {
  return { piece: tensor("uint8", [bytes.length], bytes as Uint8Array<ArrayBuffer>) };
}

/** @returns undefined for what is no piece, or one of another size */
export function fromPiece({ piece }: Message, expectedBytes: number): Uint8Array | undefined {
  if (!isTensor(piece) || piece.dtype !== "uint8") return undefined;
  return piece.data.length === expectedBytes ? (piece.data as Uint8Array) : undefined;
}
