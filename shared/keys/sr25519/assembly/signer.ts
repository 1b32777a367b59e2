/*
 * Signing as schnorrkel does. What is computed here depends on secrets; branches and addresses do not: tables are read
 * whole for every digit. Secrets and all scalars made of them are overwritten before the call returns.
 */
import { setIdentity } from "./point.ts";
import { spellDouble } from "./ristretto.ts";
import { forgetScalars, halve, multiplyAdd, reduceWide, shiftRight } from "./scalar.ts";
import { addSecretMultiple, forgetDigit } from "./secret-comb.ts";
import { PUBLIC_KEY, SIGNATURE } from "./session.ts";
import { bindKey, challenge, witness } from "./transcript.ts";

/** Eight times the secret scalar, as ed25519 spells it, and the secret nonce. Overwritten by `sign`. */
export const SECRET_KEY: usize = memory.data(64, 8);
/** 32 bytes, new for each signature. Overwritten by `sign`. */
export const RANDOM: usize = memory.data(32, 8);

const POINT: usize = memory.data(160, 8);
const WITNESS: usize = memory.data(32, 8);
const HALF: usize = memory.data(32, 8);
const K: usize = memory.data(32, 8);
const WIDE: usize = memory.data(64, 8);

/** Puts the signature over the message taken at SIGNATURE. `baseTable` has windows of 4 bits. */
export function sign(baseTable: usize): void {
  bindKey(PUBLIC_KEY);
  witness(WIDE, SECRET_KEY + 32, RANDOM);
  reduceWide(WITNESS, WIDE);
  halve(HALF, WITNESS);
  setIdentity(POINT);
  addSecretMultiple(POINT, HALF, baseTable);
  spellDouble(SIGNATURE, POINT);

  challenge(WIDE, SIGNATURE);
  reduceWide(K, WIDE);
  shiftRight(SECRET_KEY, 3);
  multiplyAdd(SIGNATURE + 32, K, SECRET_KEY, WITNESS);
  store<u8>(SIGNATURE, load<u8>(SIGNATURE, 63) | 0x80, 63);

  forgetScalars();
  forgetDigit();
  memory.fill(SECRET_KEY, 0, 64);
  memory.fill(RANDOM, 0, 32);
  memory.fill(WITNESS, 0, 32);
  memory.fill(HALF, 0, 32);
  memory.fill(WIDE, 0, 64);
  memory.fill(POINT, 0, 160);
}
