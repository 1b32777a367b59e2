/*
 * Schnorr signatures over Ristretto as schnorrkel makes them: signature = R, s; valid when s B - k A is spelt R, with
 * k from a transcript of message, A and R.
 */
import { addMultiple, fillTable } from "./comb.ts";
import * as fe from "./field.ts";
import { multiply } from "./ladder.ts";
import { setIdentity, T } from "./point.ts";
import { decode, sameBytes, spellDouble } from "./ristretto.ts";
import { halve, isReduced, reduceWide } from "./scalar.ts";
import { PUBLIC_KEY, SIGNATURE } from "./session.ts";
import { bindKey, challenge } from "./transcript.ts";

const POINT: usize = memory.data(160, 8);
const MINUS_KEY: usize = memory.data(160, 8);
const S_HALF: usize = memory.data(32, 8);
const K_HALF: usize = memory.data(32, 8);
const WIDE: usize = memory.data(64, 8);
const SPELT: usize = memory.data(32, 8);

/** Multiples of the key in PUBLIC_KEY, for `verify`. @returns false when that is no key. */
export function buildTable(table: usize, width: i32): bool {
  if (!decodeMinusKey()) return false;
  fillTable(table, MINUS_KEY, width);
  return true;
}

/**
 * SIGNATURE by PUBLIC_KEY over the message taken. The first table is that of the generator; where the second is 0, the
 * key is decoded and multiplied anew.
 */
export function verify(baseTable: usize, baseWidth: i32, table: usize, width: i32): bool {
  // The mark tells schnorrkel's signatures from ed25519's, which have the same length.
  const marked = load<u8>(SIGNATURE, 63);
  if (!(marked & 0x80)) return false;
  memory.copy(S_HALF, SIGNATURE + 32, 32);
  store<u8>(S_HALF, marked & 0x7f, 31);
  if (!isReduced(S_HALF)) return false;
  if (table === 0 && !decodeMinusKey()) return false;

  bindKey(PUBLIC_KEY);
  challenge(WIDE, SIGNATURE);
  reduceWide(K_HALF, WIDE);
  halve(K_HALF, K_HALF);
  halve(S_HALF, S_HALF);
  setIdentity(POINT);
  if (table === 0) multiply(POINT, K_HALF, MINUS_KEY);
  else addMultiple(POINT, K_HALF, table, width);
  addMultiple(POINT, S_HALF, baseTable, baseWidth);
  spellDouble(SPELT, POINT);
  return sameBytes(SPELT, SIGNATURE);
}

function decodeMinusKey(): bool {
  if (!decode(MINUS_KEY, PUBLIC_KEY)) return false;
  fe.negate(MINUS_KEY, MINUS_KEY);
  fe.negate(MINUS_KEY + T, MINUS_KEY + T);
  return true;
}
