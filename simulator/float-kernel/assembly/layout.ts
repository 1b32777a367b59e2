/*
 * Where the matrices of one subnet lie. Miners go in tiles of eight: a cache line of doubles, four vectors. Validators
 * are made a multiple of four and miners a multiple of eight by some who vote for nobody and hold nothing.
 */

/** Miners of a tile. */
export const TILE: i32 = 8;
/** From one validator's part of a tile to the next one's. */
export const TILE_BYTES: usize = 64;
const DOUBLE: usize = 8;
const PAIR: usize = 16;
/** Validators whose levels are looked at together. */
export const BLOCK: i32 = 16;

/** Validators, and bytes of a row. */
export let voters: i32 = 0;
export let rowBytes: usize = 0;

/** Written by the host before each epoch: rows [validators x miners] in any unit, shares of the stake. */
export let rows: usize = 0;
export let stake: usize = 0;
/** Carried: [tiles x validators x 8], and what they are together per miner: 0 or 1 where they are shares. */
export let bonds: usize = 0;
export let bondSums: usize = 0;
/** Found: per miner, */
export let consensus: usize = 0;
export let incentive: usize = 0;
/** and per validator. */
export let trust: usize = 0;
export let dividends: usize = 0;
/** Of the kernel's own: trust and dividends before that, in two parts whose sum they are; each stake twice; what makes a row shares. */
export let trustPairs: usize = 0;
export let dividendPairs: usize = 0;
export let stakePairs: usize = 0;
export let scale: usize = 0;
/**
 * The tile that is worked on, and of each of its miners the mean weight, the weight of a level, and how many there are below
 * the lowest; then by what a weight is multiplied, and what is added, to have its level in the lowest bits.
 */
export let tile: usize = 0;
export let tileMeans: usize = 0;
export let tileUnits: usize = 0;
export let tileBases: usize = 0;
export let tileFactors: usize = 0;
export let tileShifts: usize = 0;
/** Per validator its levels in the tile and that of its stake, made a multiple of `BLOCK` validators. */
export let levels: usize = 0;
export let levelled: i32 = 0;
/**
 * Per miner the level where the majority seems to be; who of 64 validators is there, a bit each; of the weights
 * there the first and the second, and their stakes.
 */
export let majorityLevels: usize = 0;
export let present: usize = 0;
export let candidates: usize = 0;
export let candidateStakes: usize = 0;
/** Of the tile's miners: up to where weights buy bonds, the sum of what does, and the sum of its stake. */
export let caps: usize = 0;
export let counted: usize = 0;
export let countedStake: usize = 0;

let end: usize = __heap_base;

/** Once, before anything else. Fails when there is no such memory. */
export function open(validators: i32, miners: i32): void {
  voters = (validators + 3) & ~3;
  const padded = (miners + TILE - 1) & ~(TILE - 1);
  rowBytes = <usize>padded * DOUBLE;
  rows = claim(<usize>voters * rowBytes);
  bonds = claim(<usize>voters * rowBytes);
  bondSums = claim(rowBytes);
  consensus = claim(rowBytes);
  incentive = claim(rowBytes);
  stake = claim(<usize>voters * DOUBLE);
  scale = claim(<usize>voters * DOUBLE);
  stakePairs = claim(<usize>voters * PAIR);
  trust = claim(<usize>voters * DOUBLE);
  dividends = claim(<usize>voters * DOUBLE);
  trustPairs = claim(<usize>voters * PAIR);
  dividendPairs = claim(<usize>voters * PAIR);
  tile = claim(<usize>voters * TILE_BYTES);
  tileMeans = claim(TILE_BYTES);
  tileUnits = claim(TILE_BYTES);
  tileBases = claim(TILE_BYTES);
  tileFactors = claim(TILE_BYTES);
  tileShifts = claim(TILE_BYTES);
  levelled = (voters + BLOCK - 1) & ~(BLOCK - 1);
  levels = claim(<usize>levelled * 2 * PAIR);
  majorityLevels = claim(PAIR);
  present = claim(TILE_BYTES);
  candidates = claim(2 * TILE_BYTES);
  candidateStakes = claim(2 * TILE_BYTES);
  caps = claim(TILE_BYTES);
  counted = claim(TILE_BYTES);
  countedStake = claim(TILE_BYTES);
}

/** Fresh memory is zero. */
function claim(bytes: usize): usize {
  const start = (end + 63) & ~63;
  end = start + bytes;
  const pages = <i32>((end + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return start;
}
