import type { Beacon } from "./beacon.ts";
import { timelockEncrypt } from "./ciphertext.ts";
import { byteVector, ScaleReader, u64 } from "./scale-bytes.ts";

/** Number of the variant that a timelocked field has among the fields of a commitment. */
const TIMELOCKED_FIELD = 134;

/** A ciphertext together with the round that opens it. */
export type Envelope = { ciphertext: Uint8Array; round: number };

type Timing = Pick<Beacon, "genesisSeconds" | "periodSeconds">;

/** SCALE of ciphertext and round: what other clients hand around as encrypted data. */
export function encodeEnvelope({ ciphertext, round }: Envelope): Uint8Array {
  return Uint8Array.from(Buffer.concat([byteVector(ciphertext), u64(BigInt(round))]));
}

/** @returns undefined for bytes that are no envelope */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    const reader = new ScaleReader(bytes);
    const ciphertext = reader.byteVector();
    const round = Number(reader.u64());
    return Number.isSafeInteger(round) ? { ciphertext, round } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The same as one field of a commitment. */
export function encodeTimelockedField(envelope: Envelope): Uint8Array {
  return Uint8Array.of(TIMELOCKED_FIELD, ...encodeEnvelope(envelope));
}

/** A text as other clients put it into a timelocked commitment: behind its compact length. */
export function encodeText(text: string): Uint8Array {
  return Uint8Array.from(byteVector(new TextEncoder().encode(text)));
}

/** The text of a revealed commitment: one, two or four bytes of length before it are dropped. */
export function decodeText(bytes: Uint8Array): string {
  const prefix = [1, 2, 4, 4][(bytes[0] ?? 0) & 3]!;
  return new TextDecoder().decode(bytes.subarray(prefix));
}

/** A text for everybody to read once the round is out. */
export function encryptText(text: string, round: number, beacon: Pick<Beacon, "publicKey">): Envelope {
  return { ciphertext: timelockEncrypt(encodeText(text), round, beacon), round };
}

/** The round for data that shall open after so many blocks. Source: `encrypt` of bittensor-drand. */
export function roundAfterBlocks(
  beacon: Timing,
  nowSeconds: number,
  blocks: number,
  blockSeconds: number,
): number {
  return Math.floor(
    (Math.ceil(blocks * blockSeconds + nowSeconds) - beacon.genesisSeconds) / beacon.periodSeconds,
  );
}

/** The round for a commitment that shall open after so many blocks. Source: `get_encrypted_commitment` of bittensor-drand. */
export function commitmentRound(
  beacon: Timing,
  nowSeconds: number,
  blocks: number,
  blockSeconds: number,
): number {
  const elapsed = Math.floor(nowSeconds) - beacon.genesisSeconds;
  return Math.floor((elapsed + Math.round(blocks * blockSeconds)) / beacon.periodSeconds);
}
