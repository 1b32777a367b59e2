import { z } from "zod";
import { SubforgeError } from "../errors.ts";
import type { Reason } from "../reasons.ts";
import { TOPIC_NAME } from "../rules/result-digest.ts";
import type { Hex, Json } from "../types.ts";

/** Largest text that is read: a year of receipts is a fraction of it. */
const MAX_TEXT = 64 * 1024 * 1024;

const MAX_ROWS = 20_000;
const MAX_SCORES = 400_000;

const count = z.int().min(0);
const u16 = z.int().min(0).max(65_535);
const word = z.string().max(200);
const hex = z
  .string()
  .max(100_000)
  .regex(/^0x[0-9a-f]*$/)
  .transform((text) => text as Hex);
const json = z.json() as z.ZodType<Json>;
const of = { netuid: u16, mechanism: z.int().min(0).max(255), epoch: count };

const vector = z
  .strictObject({ uids: z.array(u16).max(65_536), values: z.array(u16).max(65_536) })
  .refine(({ uids, values }) => uids.length === values.length && new Set(uids).size === uids.length);

const call = z.strictObject({
  ...{ bytes: hex, extrinsicHash: hex, signer: word, nonce: count },
  validUntil: count.optional(),
});

const receipt = z.strictObject({
  ...of,
  status: z.enum([
    "planned",
    "signed",
    "submitted",
    "included",
    "revealing",
    "revealed",
    "verified",
    "failed",
    "abstained",
  ]),
  basis: z.enum(["scored", "kept"]),
  ...{ content: vector.optional(), contentHash: z.string().length(64).nullable() },
  ...{ versionKey: count, decidedBlock: count, call: call.optional() },
  ...{ block: count.optional(), blockHash: hex.optional(), extrinsicHash: hex.optional() },
  ...{ readBack: vector.optional(), reason: z.string().max(2_000).optional() },
  method: z.enum(["plain", "hash", "timelock"]).optional(),
  ...{ salt: z.array(u16).max(64).optional(), round: count.optional() },
  ...{ commitEpoch: count.optional(), revealEpoch: count.optional(), revealBlock: count.optional() },
  ...{ revealCall: call.optional(), revealSignedBlock: count.optional(), revealedBlock: count.optional() },
});

const signature = z.strictObject({ scheme: z.enum(["sr25519", "secp256k1"]), signer: word, signature: hex });

const result = z.strictObject({
  ...{ ...of, topic: z.string().regex(TOPIC_NAME), nonce: count, value: z.number() },
  ci: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  ...{ validUntil: count, signatures: z.array(signature).min(1).max(16), signedMs: count },
});

const schema = z.strictObject({
  format: z.literal("subforge-journal"),
  version: z.literal(1),
  genesis: hex.refine((text) => text.length === 66),
  hotkey: z.string().max(64),
  receipts: z.array(receipt).max(MAX_ROWS),
  epochs: z
    .array(
      z.strictObject({
        ...of,
        status: z.enum(["scored", "void", "skipped"]),
        ...{
          reason: word.nullable(),
          template: word,
          version: word,
          code: word.nullable(),
          createdMs: z.number(),
        },
      }),
    )
    .max(MAX_ROWS),
  scores: z
    .array(
      z.strictObject({
        ...{ ...of, hotkey: word, uid: u16, score: z.number().min(0).nullable() },
        ...{ reason: word.transform((text) => text as Reason), asked: count, answered: count },
      }),
    )
    .max(MAX_SCORES),
  states: z.array(z.strictObject({ ...of, template: word, version: word, state: json })).max(MAX_ROWS),
  commitments: z
    .array(z.strictObject({ netuid: u16, epoch: count, hash: hex, block: count, secret: hex.nullable() }))
    .max(MAX_ROWS),
  /** A release that published nothing left them out. */
  results: z.array(result).max(MAX_ROWS).default([]),
});

/** A validator on its way to another machine, as JSON. */
export type Interchange = z.output<typeof schema>;
export type InterchangeReceipt = Interchange["receipts"][number];

/** @throws SubforgeError JOURNAL_IMPORT_INVALID for every text that is no such file */
export function parseInterchange(text: string): Interchange {
  if (text.length > MAX_TEXT) throw invalid(`it is longer than ${MAX_TEXT} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("it is no JSON");
  }
  let parsed: ReturnType<typeof schema.safeParse>;
  try {
    parsed = schema.safeParse(value);
  } catch {
    throw invalid("it is nested too deeply");
  }
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(
    `${issue?.path.join(".") || "the file"}: ${issue?.message ?? "not as expected"}`.slice(0, 300),
  );
}

function invalid(problem: string): SubforgeError<"JOURNAL_IMPORT_INVALID"> {
  return new SubforgeError("JOURNAL_IMPORT_INVALID", { problem });
}
