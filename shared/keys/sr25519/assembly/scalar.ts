/*
 * Arithmetic modulo the group order L = 2^252 + C, on 256-bit numbers of eight 32-bit words, little endian: the very
 * bytes of a signature. No branch and no address depends on a value, except in `isReduced`, which looks at signatures
 * only: the others also work on secrets.
 */

const WORD: u64 = 0xffffffff;

const L: usize = memory.data<u32>([0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0, 0, 0, 0x10000000]);
/** Words of C = L - 2^252. */
const C_WORDS: i32 = 4;

const FOLDED: usize = memory.data(64, 8);
const PRODUCT: usize = memory.data(64, 8);
const LOW: usize = memory.data(32, 8);
const NEXT: usize = memory.data(32, 8);
const HIGH: usize = memory.data(48, 8);

/** Whether a number is below L, as a signature has to spell it. */
export function isReduced(a: usize): bool {
  for (let i = 7; i >= 0; i--) {
    const ours = load<u32>(a + 4 * i);
    const limit = load<u32>(L + 4 * i);
    if (ours !== limit) return ours < limit;
  }
  return false;
}

/**
 * 512 bits modulo L. As 2^252 = -C, whatever lies above bit 252 folds down three times, with alternating sign:
 * x = low - C * high, and C is half as long as L.
 */
export function reduceWide(out: usize, wide: usize): void {
  memory.copy(FOLDED, wide, 64);
  takeLow(out);
  timesC(takeHigh(9)); // below 2^385
  takeLow(LOW);
  timesC(takeHigh(5)); // below 2^258
  takeLow(NEXT);
  timesC(takeHigh(1)); // below 2^131
  subtract(out, LOW);
  addMasked(out, NEXT, 0xffffffff);
  subtract(out, FOLDED);
  // Between -2^252 - 2^131 and 2^253 by now, in two's complement.
  subtract(out, L);
  for (let i = 0; i < 3; i++) addMasked(out, L, (load<i32>(out, 28) >> 31) as u32);
}

/** a * b + c modulo L, for a and c below L, b below 2^253. */
export function multiplyAdd(out: usize, a: usize, b: usize, c: usize): void {
  memory.fill(PRODUCT, 0, 64);
  memory.copy(PRODUCT, c, 32);
  for (let i = 0; i < 8; i++) {
    const factor: u64 = load<u32>(a + 4 * i);
    let carry: u64 = 0;
    for (let j = 0; j < 8; j++) {
      const at = PRODUCT + 4 * (i + j);
      carry += factor * (load<u32>(b + 4 * j) as u64) + (load<u32>(at) as u64);
      store<u32>(at, carry as u32);
      carry >>= 32;
    }
    store<u32>(PRODUCT + 4 * (i + 8), carry as u32);
  }
  reduceWide(out, PRODUCT);
}

/** Overwrites what the last steps left behind: from it and a signature the secret scalar could be told. */
export function forgetScalars(): void {
  memory.fill(PRODUCT, 0, 64);
  memory.fill(FOLDED, 0, 64);
  memory.fill(LOW, 0, 32);
  memory.fill(NEXT, 0, 32);
  memory.fill(HIGH, 0, 48);
}

/** a / 2 modulo L, for a below L. */
export function halve(out: usize, a: usize): void {
  memory.copy(out, a, 32);
  addMasked(out, L, 0 - (load<u32>(out) & 1));
  shiftRight(out, 1);
}

/** a / 2^bits, rounded down. */
export function shiftRight(a: usize, bits: u32): void {
  for (let i = 0; i < 7; i++) {
    const at = a + 4 * i;
    store<u32>(at, (load<u32>(at) >> bits) | (load<u32>(at, 4) << (32 - bits)));
  }
  store<u32>(a, load<u32>(a, 28) >> bits, 28);
}

/** Bits 0..251 of FOLDED. */
function takeLow(out: usize): void {
  memory.copy(out, FOLDED, 32);
  store<u32>(out, load<u32>(out, 28) & 0x0fffffff, 28);
}

/** FOLDED from bit 252 on. @returns the number of words, as given. */
function takeHigh(words: i32): i32 {
  for (let i = 0; i < words; i++) {
    const from = FOLDED + 4 * (i + 7);
    const above: u32 = i + 8 < 16 ? load<u32>(from, 4) : 0;
    store<u32>(HIGH + 4 * i, (load<u32>(from) >> 28) | (above << 4));
  }
  return words;
}

/** FOLDED = C * HIGH */
function timesC(words: i32): void {
  memory.fill(FOLDED, 0, 64);
  for (let i = 0; i < words; i++) {
    const factor: u64 = load<u32>(HIGH + 4 * i);
    let carry: u64 = 0;
    for (let j = 0; j < C_WORDS; j++) {
      const at = FOLDED + 4 * (i + j);
      carry += factor * (load<u32>(L + 4 * j) as u64) + (load<u32>(at) as u64);
      store<u32>(at, carry as u32);
      carry >>= 32;
    }
    store<u32>(FOLDED + 4 * (i + C_WORDS), carry as u32);
  }
}

/** mask: all ones to add, 0 not to. */
function addMasked(a: usize, b: usize, mask: u32): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    carry += (load<u32>(a + i) as u64) + ((load<u32>(b + i) & mask) as u64);
    store<u32>(a + i, (carry & WORD) as u32);
    carry >>= 32;
  }
}

function subtract(a: usize, b: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    borrow += (load<u32>(a + i) as i64) - (load<u32>(b + i) as i64);
    store<u32>(a + i, (borrow & (WORD as i64)) as u32);
    borrow >>= 32;
  }
}
