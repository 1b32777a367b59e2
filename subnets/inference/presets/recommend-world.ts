import { childSeed, type Random, randomFrom } from "../../../shared/rules/beacon.ts";

/** Items in the catalogue: an id is 0..ITEMS-1. */
export const ITEMS = 500;

/** Numbers in which a taste, and what an item is like, are told. */
export const DIMENSIONS = 16;

/** Clicks of a user that are known, the oldest first, and items of which the next clicks are to be told. */
export const HISTORY = 50;
export const CANDIDATES = 100;

/** Candidates that the user clicks on. */
export const CLICKS = 5;

const GENRES = 12;

/** How much an item is like its genre, the rest is its own. */
const GENRE_SHARE = 0.6;

/** What a taste weighs against popularity (deviation about 1) and chance (Gumbel, deviation 1.3). */
const TASTE_WEIGHT = 5;

/** Deviation of today's popularity from the known one. */
const POPULARITY_SHIFT = 0.5;

/** Correlation of a user's taste at the first click with that of now. */
const TASTE_KEPT = 0.6;

/** Nothing up its sleeve: the one world there is, far from any beacon. */
const WORLD_SEED = childSeed(new Uint8Array(32), "subforge recommend world 1");

/** What everybody may know beforehand. */
export type World = {
  /** [ITEMS, DIMENSIONS], rows of length 1. */
  vectors: Float64Array;
  /** Log of how often each item is clicked on. [ITEMS] */
  popularity: Float64Array;
};

let known: World | undefined;

/** The public world: always the same one, made when it is first asked for. */
export function publicWorld(): World {
  known ??= createWorld(randomFrom(WORLD_SEED));
  return known;
}

/** Users of one day, and what they are shown. Row-major, one row per user. */
export type Users = {
  /** [users, 2, DIMENSIONS]: at the first click of the history, and now. */
  tastes: Float64Array;
  /** Distinct items in an order that says nothing. [users, CANDIDATES] */
  candidates: Int32Array;
  /** Of all items today. [ITEMS] */
  popularity: Float64Array;
};

export function drawUsers(seed: Uint8Array, count: number): Users {
  const world = publicWorld();
  const shift = randomFrom(childSeed(seed, "popularity"));
  const popularity = world.popularity.map((value) => value + POPULARITY_SHIFT * shift.normal());
  const taste = randomFrom(childSeed(seed, "tastes"));
  const shown = randomFrom(childSeed(seed, "candidates"));
  const tastes = new Float64Array(count * 2 * DIMENSIONS);
  const candidates = new Int32Array(count * CANDIDATES);
  const fresh = Math.sqrt(1 - TASTE_KEPT ** 2);
  for (let user = 0; user < count; user++) {
    for (let d = 0; d < DIMENSIONS; d++) {
      const at = user * 2 * DIMENSIONS + d;
      tastes[at] = taste.normal();
      tastes[at + DIMENSIONS] = TASTE_KEPT * tastes[at]! + fresh * taste.normal();
    }
    candidates.set(shown.sample(ITEMS, CANDIDATES), user * CANDIDATES);
  }
  return { tastes, candidates, popularity };
}

/** What each candidate is worth to its user now, before chance. [users, CANDIDATES] */
export function appealOf({ tastes, candidates, popularity }: Users): Float64Array {
  const { vectors } = publicWorld();
  return Float64Array.from(candidates, (item, i) => {
    const now = (2 * Math.floor(i / CANDIDATES) + 1) * DIMENSIONS;
    return TASTE_WEIGHT * match(tastes, now, vectors, item * DIMENSIONS) + popularity[item]!;
  });
}

/** 1 for each of the CLICKS candidates that its user clicks on next, else 0: appeal and chance decide. [users, CANDIDATES] */
export function drawClicks(seed: Uint8Array, appeals: Float64Array): Float32Array {
  const random = randomFrom(childSeed(seed, "clicks"));
  const clicks = new Float32Array(appeals.length);
  for (let from = 0; from < appeals.length; from += CANDIDATES) {
    const wanted = Float64Array.from({ length: CANDIDATES }, (_, i) => appeals[from + i]! + gumbel(random));
    const order = Array.from(wanted.keys()).sort((a, b) => wanted[b]! - wanted[a]!);
    for (const candidate of order.slice(0, CLICKS)) clicks[from + candidate] = 1;
  }
  return clicks;
}

/** Items that each user clicked on, its taste drifting from the first to that of now. [users, HISTORY] */
export function drawHistories(seed: Uint8Array, users: Users): Int32Array {
  const random = randomFrom(childSeed(seed, "histories"));
  const count = users.tastes.length / (2 * DIMENSIONS);
  const histories = new Int32Array(count * HISTORY);
  const [before, now] = [new Float64Array(ITEMS), new Float64Array(ITEMS)];
  for (let user = 0; user < count; user++) {
    addUpChances(users, 2 * user * DIMENSIONS, before);
    addUpChances(users, (2 * user + 1) * DIMENSIONS, now);
    for (let click = 0; click < HISTORY; click++) {
      const chances = random.uniform() * (HISTORY - 1) < click ? now : before;
      histories[user * HISTORY + click] = pick(chances, random.uniform());
    }
  }
  return histories;
}

/** Running sums of the chance of each item to be clicked on, not normed. */
function addUpChances({ tastes, popularity }: Users, at: number, sums: Float64Array): void {
  const { vectors } = publicWorld();
  let sum = 0;
  for (let item = 0; item < ITEMS; item++) {
    sum += Math.exp(TASTE_WEIGHT * match(tastes, at, vectors, item * DIMENSIONS) + popularity[item]!);
    sums[item] = sum;
  }
}

/** The first item whose running sum is above this share of all. */
function pick(sums: Float64Array, share: number): number {
  const target = share * sums[ITEMS - 1]!;
  let [low, high] = [0, ITEMS - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How well the item at `item` in `vectors` suits the taste at `taste` in `tastes`. */
function match(tastes: Float64Array, taste: number, vectors: Float64Array, item: number): number {
  let sum = 0;
  for (let d = 0; d < DIMENSIONS; d++) sum += tastes[taste + d]! * vectors[item + d]!;
  return sum;
}

function createWorld(random: Random): World {
  const genres = Float64Array.from({ length: GENRES * DIMENSIONS }, () => random.normal());
  const vectors = new Float64Array(ITEMS * DIMENSIONS);
  for (let item = 0; item < ITEMS; item++) {
    const genre = random.below(GENRES) * DIMENSIONS;
    const row = vectors.subarray(item * DIMENSIONS, (item + 1) * DIMENSIONS);
    for (let d = 0; d < DIMENSIONS; d++) {
      row[d] = GENRE_SHARE * genres[genre + d]! + (1 - GENRE_SHARE) * random.normal();
    }
    const length = Math.hypot(...row);
    for (let d = 0; d < DIMENSIONS; d++) row[d]! /= length;
  }
  return { vectors, popularity: Float64Array.from({ length: ITEMS }, () => random.normal()) };
}

function gumbel(random: Random): number {
  return -Math.log(-Math.log(random.uniform() + 2 ** -33)); // never the logarithm of 0
}
