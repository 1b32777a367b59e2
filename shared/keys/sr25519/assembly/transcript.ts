/*
 * The part of Merlin transcripts that a signature needs: STROBE-128 over Keccak-f[1600], which absorbs, and at the end
 * gives one challenge. What is the same for every signature, the protocol's name and the context `substrate`, is
 * absorbed once and kept.
 *
 * Sources: strobe.sourceforge.io/specs, merlin.cool, and schnorrkel's sign.rs and context.rs for labels and their order.
 */

/** Bytes absorbed between two permutations. */
const RATE: i32 = 166;

const FLAG_I: u8 = 1;
const FLAG_A: u8 = 2;
const FLAG_C: u8 = 4;
const FLAG_M: u8 = 16;

const STATE: usize = memory.data(200, 16);
const KEPT: usize = memory.data(208, 16);
const PAUSED: usize = memory.data(200, 16);
const LENGTH: usize = memory.data(4, 4);
/** One for each round: lower half, upper half. */
const ROUND_CONSTANTS: usize = memory.data<u32>(
  [
    0x1, 0x0, 0x8082, 0x0, 0x808a, 0x80000000, 0x80008000, 0x80000000, 0x808b, 0x0, 0x80000001, 0x0,
    0x80008081, 0x80000000, 0x8009, 0x80000000, 0x8a, 0x0, 0x88, 0x0, 0x80008009, 0x0, 0x8000000a, 0x0,
    0x8000808b, 0x0, 0x8b, 0x80000000, 0x8089, 0x80000000, 0x8003, 0x80000000, 0x8002, 0x80000000, 0x80,
    0x80000000, 0x800a, 0x0, 0x8000000a, 0x80000000, 0x80008081, 0x80000000, 0x8080, 0x80000000, 0x80000001,
    0x0, 0x80008008, 0x80000000,
  ],
  8,
);

let position: i32 = 0;
let operationStart: i32 = 0;

const TEXT_STROBE: usize = memory.data<u8>([83, 84, 82, 79, 66, 69, 118, 49, 46, 48, 46, 50]);
const TEXT_MERLIN: usize = memory.data<u8>([77, 101, 114, 108, 105, 110, 32, 118, 49, 46, 48]);
const TEXT_DOMAIN: usize = memory.data<u8>([100, 111, 109, 45, 115, 101, 112]);
const TEXT_CONTEXT: usize = memory.data<u8>([
  83, 105, 103, 110, 105, 110, 103, 67, 111, 110, 116, 101, 120, 116,
]);
const TEXT_SUBSTRATE: usize = memory.data<u8>([115, 117, 98, 115, 116, 114, 97, 116, 101]);
const TEXT_SIGN_BYTES: usize = memory.data<u8>([115, 105, 103, 110, 45, 98, 121, 116, 101, 115]);
const TEXT_PROTOCOL: usize = memory.data<u8>([112, 114, 111, 116, 111, 45, 110, 97, 109, 101]);
const TEXT_SCHNORR: usize = memory.data<u8>([83, 99, 104, 110, 111, 114, 114, 45, 115, 105, 103]);
const TEXT_SIGN_KEY: usize = memory.data<u8>([115, 105, 103, 110, 58, 112, 107]);
const TEXT_SIGN_R: usize = memory.data<u8>([115, 105, 103, 110, 58, 82]);
const TEXT_SIGN_C: usize = memory.data<u8>([115, 105, 103, 110, 58, 99]);
const TEXT_SIGNING: usize = memory.data<u8>([115, 105, 103, 110, 105, 110, 103]);
const TEXT_RNG: usize = memory.data<u8>([114, 110, 103]);

/** Once, before any transcript: up to where the signed message follows. */
export function keepPrefix(): void {
  memory.fill(STATE, 0, 200);
  store<u8>(STATE, 1);
  store<u8>(STATE, RATE + 2, 1);
  store<u8>(STATE, 1, 2);
  store<u8>(STATE, 0, 3);
  store<u8>(STATE, 1, 4);
  store<u8>(STATE, 96, 5);
  memory.copy(STATE + 6, TEXT_STROBE, 12);
  permute();
  position = 0;
  operationStart = 0;
  begin(FLAG_M | FLAG_A);
  absorb(TEXT_MERLIN, 11);
  append(TEXT_DOMAIN, 7, TEXT_CONTEXT, 14);
  append(TEXT_CONTEXT, 0, TEXT_SUBSTRATE, 9); // schnorrkel's context has an empty label
  memory.copy(KEPT, STATE, 200);
  store<i32>(KEPT, position, 200);
  store<i32>(KEPT, operationStart, 204);
}

/** A new transcript, of a message of so many bytes, which are then given to `absorb`, whole or in pieces. */
export function startMessage(length: i32): void {
  memory.copy(STATE, KEPT, 200);
  position = load<i32>(KEPT, 200);
  operationStart = load<i32>(KEPT, 204);
  label(TEXT_SIGN_BYTES, 10, length);
  begin(FLAG_A);
}

/** What follows the message. */
export function bindKey(publicKey: usize): void {
  append(TEXT_PROTOCOL, 10, TEXT_SCHNORR, 11);
  append(TEXT_SIGN_KEY, 7, publicKey, 32);
}

/** With the first half of the signature the transcript is whole. Puts 64 bytes of challenge at `out`. */
export function challenge(out: usize, commitment: usize): void {
  append(TEXT_SIGN_R, 6, commitment, 32);
  label(TEXT_SIGN_C, 6, 64);
  begin(FLAG_I | FLAG_A | FLAG_C);
  memory.copy(out, STATE, 64);
}

/**
 * 64 secret bytes at `out`, for the scalar behind the first half of a signature: from the transcript so far, the
 * secret's own half for this purpose, and 32 random bytes, so that neither a weak source of randomness nor a repeated
 * message makes two signatures share it. The transcript itself goes on as if nothing had been asked.
 */
export function witness(out: usize, secretNonce: usize, random: usize): void {
  memory.copy(PAUSED, STATE, 200);
  const pausedAt = position;
  const pausedOperation = operationStart;
  label(TEXT_SIGNING, 7, 32);
  rekey(secretNonce);
  begin(FLAG_M | FLAG_A);
  absorb(TEXT_RNG, 3);
  rekey(random);
  begin(FLAG_M | FLAG_A);
  store<i32>(LENGTH, 64);
  absorb(LENGTH, 4);
  begin(FLAG_I | FLAG_A | FLAG_C);
  memory.copy(out, STATE, 64);
  memory.copy(STATE, PAUSED, 200);
  position = pausedAt;
  operationStart = pausedOperation;
}

/** 32 bytes take the place of as many bytes of the state. */
function rekey(bytes: usize): void {
  begin(FLAG_A | FLAG_C);
  memory.copy(STATE, bytes, 32);
  position = 32;
}

export function absorb(bytes: usize, length: i32): void {
  for (let i = 0; i < length; i++) {
    const at = STATE + position;
    store<u8>(at, load<u8>(at) ^ load<u8>(bytes + i));
    if (++position === RATE) finishBlock();
  }
}

function append(name: usize, nameLength: i32, bytes: usize, length: i32): void {
  label(name, nameLength, length);
  begin(FLAG_A);
  absorb(bytes, length);
}

/** The name of what follows and its length, as Merlin frames them. */
function label(name: usize, nameLength: i32, length: i32): void {
  begin(FLAG_M | FLAG_A);
  absorb(name, nameLength);
  store<i32>(LENGTH, length);
  absorb(LENGTH, 4);
}

/** Starts an operation of STROBE. One that gives output (flag C) has to stand at the beginning of a block. */
function begin(flags: u8): void {
  const previous = operationStart as u8;
  operationStart = position + 1;
  absorbByte(previous);
  absorbByte(flags);
  if (flags & FLAG_C && position !== 0) finishBlock();
}

function absorbByte(value: u8): void {
  const at = STATE + position;
  store<u8>(at, load<u8>(at) ^ value);
  if (++position === RATE) finishBlock();
}

function finishBlock(): void {
  const at = STATE + position;
  store<u8>(at, load<u8>(at) ^ (operationStart as u8));
  store<u8>(at, load<u8>(at, 1) ^ 4, 1);
  store<u8>(STATE, load<u8>(STATE, RATE + 1) ^ 0x80, RATE + 1);
  permute();
  position = 0;
  operationStart = 0;
}

/** Keccak-f[1600]: the five steps of a round written out for all 25 lanes. */
function permute(): void {
  let a0 = load<u64>(STATE);
  let a1 = load<u64>(STATE, 8);
  let a2 = load<u64>(STATE, 16);
  let a3 = load<u64>(STATE, 24);
  let a4 = load<u64>(STATE, 32);
  let a5 = load<u64>(STATE, 40);
  let a6 = load<u64>(STATE, 48);
  let a7 = load<u64>(STATE, 56);
  let a8 = load<u64>(STATE, 64);
  let a9 = load<u64>(STATE, 72);
  let a10 = load<u64>(STATE, 80);
  let a11 = load<u64>(STATE, 88);
  let a12 = load<u64>(STATE, 96);
  let a13 = load<u64>(STATE, 104);
  let a14 = load<u64>(STATE, 112);
  let a15 = load<u64>(STATE, 120);
  let a16 = load<u64>(STATE, 128);
  let a17 = load<u64>(STATE, 136);
  let a18 = load<u64>(STATE, 144);
  let a19 = load<u64>(STATE, 152);
  let a20 = load<u64>(STATE, 160);
  let a21 = load<u64>(STATE, 168);
  let a22 = load<u64>(STATE, 176);
  let a23 = load<u64>(STATE, 184);
  let a24 = load<u64>(STATE, 192);
  for (let round = 0; round < 24; round++) {
    const c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
    const c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
    const c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
    const c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
    const c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
    const d0 = c4 ^ rotl<u64>(c1, 1);
    const d1 = c0 ^ rotl<u64>(c2, 1);
    const d2 = c1 ^ rotl<u64>(c3, 1);
    const d3 = c2 ^ rotl<u64>(c4, 1);
    const d4 = c3 ^ rotl<u64>(c0, 1);
    const b0 = a0 ^ d0;
    const b10 = rotl<u64>(a1 ^ d1, 1);
    const b20 = rotl<u64>(a2 ^ d2, 62);
    const b5 = rotl<u64>(a3 ^ d3, 28);
    const b15 = rotl<u64>(a4 ^ d4, 27);
    const b16 = rotl<u64>(a5 ^ d0, 36);
    const b1 = rotl<u64>(a6 ^ d1, 44);
    const b11 = rotl<u64>(a7 ^ d2, 6);
    const b21 = rotl<u64>(a8 ^ d3, 55);
    const b6 = rotl<u64>(a9 ^ d4, 20);
    const b7 = rotl<u64>(a10 ^ d0, 3);
    const b17 = rotl<u64>(a11 ^ d1, 10);
    const b2 = rotl<u64>(a12 ^ d2, 43);
    const b12 = rotl<u64>(a13 ^ d3, 25);
    const b22 = rotl<u64>(a14 ^ d4, 39);
    const b23 = rotl<u64>(a15 ^ d0, 41);
    const b8 = rotl<u64>(a16 ^ d1, 45);
    const b18 = rotl<u64>(a17 ^ d2, 15);
    const b3 = rotl<u64>(a18 ^ d3, 21);
    const b13 = rotl<u64>(a19 ^ d4, 8);
    const b14 = rotl<u64>(a20 ^ d0, 18);
    const b24 = rotl<u64>(a21 ^ d1, 2);
    const b9 = rotl<u64>(a22 ^ d2, 61);
    const b19 = rotl<u64>(a23 ^ d3, 56);
    const b4 = rotl<u64>(a24 ^ d4, 14);
    a0 = b0 ^ (~b1 & b2) ^ load<u64>(ROUND_CONSTANTS + 8 * round);
    a1 = b1 ^ (~b2 & b3);
    a2 = b2 ^ (~b3 & b4);
    a3 = b3 ^ (~b4 & b0);
    a4 = b4 ^ (~b0 & b1);
    a5 = b5 ^ (~b6 & b7);
    a6 = b6 ^ (~b7 & b8);
    a7 = b7 ^ (~b8 & b9);
    a8 = b8 ^ (~b9 & b5);
    a9 = b9 ^ (~b5 & b6);
    a10 = b10 ^ (~b11 & b12);
    a11 = b11 ^ (~b12 & b13);
    a12 = b12 ^ (~b13 & b14);
    a13 = b13 ^ (~b14 & b10);
    a14 = b14 ^ (~b10 & b11);
    a15 = b15 ^ (~b16 & b17);
    a16 = b16 ^ (~b17 & b18);
    a17 = b17 ^ (~b18 & b19);
    a18 = b18 ^ (~b19 & b15);
    a19 = b19 ^ (~b15 & b16);
    a20 = b20 ^ (~b21 & b22);
    a21 = b21 ^ (~b22 & b23);
    a22 = b22 ^ (~b23 & b24);
    a23 = b23 ^ (~b24 & b20);
    a24 = b24 ^ (~b20 & b21);
  }
  store<u64>(STATE, a0);
  store<u64>(STATE, a1, 8);
  store<u64>(STATE, a2, 16);
  store<u64>(STATE, a3, 24);
  store<u64>(STATE, a4, 32);
  store<u64>(STATE, a5, 40);
  store<u64>(STATE, a6, 48);
  store<u64>(STATE, a7, 56);
  store<u64>(STATE, a8, 64);
  store<u64>(STATE, a9, 72);
  store<u64>(STATE, a10, 80);
  store<u64>(STATE, a11, 88);
  store<u64>(STATE, a12, 96);
  store<u64>(STATE, a13, 104);
  store<u64>(STATE, a14, 112);
  store<u64>(STATE, a15, 120);
  store<u64>(STATE, a16, 128);
  store<u64>(STATE, a17, 136);
  store<u64>(STATE, a18, 144);
  store<u64>(STATE, a19, 152);
  store<u64>(STATE, a20, 160);
  store<u64>(STATE, a21, 168);
  store<u64>(STATE, a22, 176);
  store<u64>(STATE, a23, 184);
  store<u64>(STATE, a24, 192);
}
