/*
 * Schnorr signatures over Ristretto as schnorrkel makes them: signature = R, s; valid when s B - k A is spelt R, with
 * k from a transcript of message, A and R. The host writes into the buffers below and calls; only `verify` answers.
 */
import { addMultiple, fillTable, tableBytes } from "./comb.ts";
import * as fe from "./field.ts";
import { multiply } from "./ladder.ts";
import { setIdentity, T } from "./point.ts";
import { decode, isDoubleSpelt } from "./ristretto.ts";
import { halve, isReduced, reduceWide } from "./scalar.ts";
import { absorb, challenge, keepPrefix, startMessage } from "./transcript.ts";

export { tableBytes };

export const SIGNATURE: usize = memory.data(64, 8);
export const PUBLIC_KEY: usize = memory.data(32, 8);
export const MESSAGE: usize = memory.data(4096, 8);

/** The generator, affine. */
const BASE: usize = memory.data<i32>([
  52811034, 25909283, 16144682, 17082669, 27570973, 30858332, 40966398, 8378388, 20764389, 8758491, 40265304,
  26843545, 13421772, 20132659, 26843545, 6710886, 53687091, 13421772, 40265318, 26843545, 1, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 28827043, 27438313, 39759291, 244362, 8635006, 11264893, 19351346, 13413597, 16611511, 27139452,
]);

const POINT: usize = memory.data(160, 8);
const MINUS_KEY: usize = memory.data(160, 8);
const S_HALF: usize = memory.data(32, 8);
const K_HALF: usize = memory.data(32, 8);
const WIDE: usize = memory.data(64, 8);

let baseTable: usize = 0;
let baseWidth: i32 = 0;

/** Once, before anything else. `table` is memory of the host's, of tableBytes(width), for multiples of the generator. */
export function start(table: usize, width: i32): void {
  keepPrefix();
  fillTable(table, BASE, width);
  baseTable = table;
  baseWidth = width;
}

/** Multiples of the key in PUBLIC_KEY. @returns false when that is no key. */
export function buildTable(table: usize, width: i32): bool {
  if (!decodeMinusKey()) return false;
  fillTable(table, MINUS_KEY, width);
  return true;
}

/** A message of so many bytes, then its bytes through MESSAGE, in pieces where it is larger. */
export function begin(messageLength: i32): void {
  startMessage(messageLength);
}

export function take(length: i32): void {
  absorb(MESSAGE, length);
}

/** SIGNATURE by PUBLIC_KEY over the message taken. With `table` = 0 the key is decoded and multiplied anew. */
export function verify(table: usize, width: i32): bool {
  // The mark tells schnorrkel's signatures from ed25519's, which have the same length.
  const marked = load<u8>(SIGNATURE, 63);
  if (!(marked & 0x80)) return false;
  memory.copy(S_HALF, SIGNATURE + 32, 32);
  store<u8>(S_HALF, marked & 0x7f, 31);
  if (!isReduced(S_HALF)) return false;
  if (table === 0 && !decodeMinusKey()) return false;

  challenge(WIDE, PUBLIC_KEY, SIGNATURE);
  reduceWide(K_HALF, WIDE);
  halve(K_HALF, K_HALF);
  halve(S_HALF, S_HALF);
  setIdentity(POINT);
  if (table === 0) multiply(POINT, K_HALF, MINUS_KEY);
  else addMultiple(POINT, K_HALF, table, width);
  addMultiple(POINT, S_HALF, baseTable, baseWidth);
  return isDoubleSpelt(POINT, SIGNATURE);
}

function decodeMinusKey(): bool {
  if (!decode(MINUS_KEY, PUBLIC_KEY)) return false;
  fe.negate(MINUS_KEY, MINUS_KEY);
  fe.negate(MINUS_KEY + T, MINUS_KEY + T);
  return true;
}
