import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { z } from "zod";
import { SubforgeError } from "../errors.ts";

/** Format of a sealed job. A worker that meets another one hands the job back for a newer worker. */
const VERSION = 2;

/** What stands in Redis. `tag` covers where the job stands, so that a payload cannot be moved to another job. */
export type SealedJob = { v: number; body: string; tag: string };

/** Largest text of one job. */
const MAX_BODY_CHARS = 16 * 1_048_576;

/**
 * A payload with a tag that only holders of the key can make.
 *
 * @param key - 32 bytes, derived from the validator's hotkey.
 * @param place - Queue and job id.
 */
export function sealJob(payload: unknown, key: Uint8Array, place: string): SealedJob {
  const body = JSON.stringify(payload);
  return { v: VERSION, body, tag: tagOf(body, key, place).toString("hex") };
}

/**
 * Unknown data from Redis to a payload.
 *
 * @throws SubforgeError QUEUE_JOB_VERSION for a format of another release
 * @throws SubforgeError QUEUE_JOB_TAMPERED when the tag is not ours, or the payload has another shape
 */
export function openJob<Schema extends z.ZodType>(
  schema: Schema,
  sealed: unknown,
  key: Uint8Array,
  place: string,
): z.output<Schema> {
  const { v, body, tag } = (
    typeof sealed === "object" && sealed !== null ? sealed : {}
  ) as Partial<SealedJob>;
  if (typeof v === "number" && v !== VERSION) {
    throw new SubforgeError("QUEUE_JOB_VERSION", { place, found: v, known: VERSION });
  }
  if (typeof body !== "string" || body.length > MAX_BODY_CHARS || typeof tag !== "string") {
    throw new SubforgeError("QUEUE_JOB_TAMPERED", { place, problem: "it is no sealed job" });
  }
  const expected = tagOf(body, key, place);
  const found = Buffer.from(tag, "hex");
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new SubforgeError("QUEUE_JOB_TAMPERED", { place, problem: "its tag was not made with our key" });
  }
  const parsed = schema.safeParse(JSON.parse(body));
  if (!parsed.success) {
    throw new SubforgeError("QUEUE_JOB_TAMPERED", { place, problem: "its payload has another shape" });
  }
  return parsed.data;
}

function tagOf(body: string, key: Uint8Array, place: string): Buffer {
  return createHmac("sha256", keyObject(key)).update(`${place}\n${body}`).digest();
}

/** Taking a key in costs as much as a tag: each is taken in once. */
const known = new WeakMap<Uint8Array, KeyObject>();

function keyObject(key: Uint8Array): KeyObject {
  const object = known.get(key) ?? createSecretKey(key);
  known.set(key, object);
  return object;
}
