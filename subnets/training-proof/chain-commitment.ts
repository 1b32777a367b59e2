import { decode, encode } from "cborg";
import { z } from "zod";

/*
 * What a solver swears to on chain before anybody knows which parts will be looked at: one version byte, one kind byte, a
 * CBOR map. 127 bytes: it fits into the field of a commitment that every client can write.
 */

const VERSION = 1;
const KIND_TRAINING = 3;
const MAX_BYTES = 128;
const HASH_BYTES = 32;
const JOB_ID_BYTES = 8;

/** Of all states that a training went through. Hashes are 64 lower-case digits. */
export type TrainingCommitment = {
  /** 16 lower-case digits. */
  jobId: string;
  /** Merkle root over the hashes of all states; the first leaf also has the solver's name in it. */
  root: string;
  /** Of the last state. */
  finalHash: string;
  /** Of the losses of all steps. */
  lossHash: string;
  /** Intervals: there is one state more. */
  intervals: number;
};

const bytes = (length: number) => z.instanceof(Uint8Array).refine((value) => value.length === length);

const schema = z.strictObject({
  j: bytes(JOB_ID_BYTES),
  r: bytes(HASH_BYTES),
  f: bytes(HASH_BYTES),
  l: bytes(HASH_BYTES),
  n: z.int().min(1).max(65_535),
});

/** @throws RangeError for what `parseTrainingCommitment` would not read */
export function toTrainingCommitment(commitment: TrainingCommitment): Uint8Array {
  const { jobId, root, finalHash, lossHash, intervals } = commitment;
  const map = {
    j: fromHex(jobId),
    r: fromHex(root),
    f: fromHex(finalHash),
    l: fromHex(lossHash),
    n: intervals,
  };
  if (!schema.safeParse(map).success) throw new RangeError(`no training commitment of job ${jobId}`);
  return Uint8Array.from([VERSION, KIND_TRAINING, ...encode(map)]);
}

/** Total. @returns undefined for anything that is no training commitment: others use the same place. */
export function parseTrainingCommitment(data: Uint8Array): TrainingCommitment | undefined {
  if (data.length > MAX_BYTES || data[0] !== VERSION || data[1] !== KIND_TRAINING) return undefined;
  try {
    const { j, r, f, l, n } = schema.parse(decode(data.subarray(2), { strict: true }));
    return { jobId: toHex(j), root: toHex(r), finalHash: toHex(f), lossHash: toHex(l), intervals: n };
  } catch {
    return undefined;
  }
}

function fromHex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, "hex"));
}

function toHex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}
