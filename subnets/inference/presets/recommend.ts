import { tensor } from "../../../shared/tensor.ts";
import { clarityOf, imitatedErrors } from "./imitation.ts";
import { ndcg } from "./ndcg.ts";
import type { Preset } from "./preset.ts";
import { toRanks } from "./ranks.ts";
import {
  appealOf,
  CANDIDATES,
  drawClicks,
  drawHistories,
  drawUsers,
  HISTORY,
  ITEMS,
} from "./recommend-world.ts";

/** For imitated models: how well they see what a user will want, with an error on every candidate. */
const CLARITIES = [0, 0.44, 0.59, 0.72, 0.87, 1.02, 1.19, 1.38, 1.63, 2.02, 7];

/** A row of truth has three parts, each with a number for every candidate. */
const PARTS = { clicks: 0, popularity: CANDIDATES, appeal: 2 * CANDIDATES };
const TRUTH_WIDTH = 3 * CANDIDATES;

/** NDCG@10 itself, the mean over users, 0..1. */
export function meanNdcg(truth: Float32Array, y: ArrayLike<number>): number {
  const count = truth.length / TRUTH_WIDTH;
  let sum = 0;
  for (let user = 0; user < count; user++) {
    sum += ndcg(partOf(truth, user, PARTS.clicks), answerTo(y, user));
  }
  return count > 0 ? sum / count : 0;
}

/**
 * Which of these candidates will a user click on next? A row of truth says which were clicked on, how popular each is
 * today, and how much it appeals to the user.
 *
 * The catalogue and what its items are like are public and always the same, so a model can be trained beforehand. Users,
 * how their tastes have drifted, and how popularity has moved are new with every seed.
 */
export const recommend: Preset = {
  name: "recommend",
  describe: "tell what users will click on next from what they clicked on before",
  inputs: [
    { name: "x", dtype: "int64", shape: [HISTORY], below: ITEMS },
    { name: "aux", dtype: "int64", shape: [CANDIDATES], below: ITEMS },
  ],
  outputs: CANDIDATES,
  range: "finite",
  defaultItems: 64,
  truthWidth: TRUTH_WIDTH,

  drawTruth(seed, count) {
    const users = drawUsers(seed, count);
    const appeals = appealOf(users);
    const clicks = drawClicks(seed, appeals);
    const truth = new Float32Array(count * TRUTH_WIDTH);
    for (let user = 0; user < count; user++) {
      for (let i = 0; i < CANDIDATES; i++) {
        const candidate = user * CANDIDATES + i;
        const at = user * TRUTH_WIDTH + i;
        truth[at + PARTS.clicks] = clicks[candidate]!;
        truth[at + PARTS.popularity] = users.popularity[users.candidates[candidate]!]!;
        truth[at + PARTS.appeal] = appeals[candidate]!;
      }
    }
    return truth;
  },

  drawFeeds(seed, count) {
    const users = drawUsers(seed, count);
    const wide = (ids: Int32Array) => BigInt64Array.from(ids, BigInt);
    return {
      x: tensor("int64", [count, HISTORY], wide(drawHistories(seed, users))),
      aux: tensor("int64", [count, CANDIDATES], wide(users.candidates)),
    };
  },

  metric: "NDCG@10 above that of popularity",
  quality(truth, y) {
    const popular = meanNdcg(truth, popularityOf(truth));
    return popular < 1 ? Math.max(0, (meanNdcg(truth, y) - popular) / (1 - popular)) : 0;
  },
  prior: Array.from({ length: CANDIDATES }, () => 0), // candidates come in an order that says nothing

  /** Places instead of scores, which have no scale, against the places that the users' own tastes give. */
  residuals(truth, y) {
    const count = truth.length / TRUTH_WIDTH;
    const rows = Array.from({ length: count }, (_, user) => {
      const wanted = toRanks(partOf(truth, user, PARTS.appeal));
      return Array.from(toRanks(answerTo(y, user)), (rank, i) => rank - wanted[i]!);
    });
    return rows.flat();
  },

  imitate(truth, seed, model) {
    const count = truth.length / TRUTH_WIDTH;
    const error = imitatedErrors(seed, model);
    const clarity = clarityOf(model.skill, CLARITIES);
    const y = new Float32Array(count * CANDIDATES);
    for (let user = 0; user < count; user++) {
      const clicks = partOf(truth, user, PARTS.clicks);
      const wanted = toRanks(partOf(truth, user, PARTS.appeal));
      for (let i = 0; i < CANDIDATES; i++) {
        y[user * CANDIDATES + i] = clarity * (wanted[i]! + clicks[i]!) + error();
      }
    }
    return y;
  },
};

/** The answer of whoever knows today's popularity and nothing of the user. */
function popularityOf(truth: Float32Array): Float32Array {
  const count = truth.length / TRUTH_WIDTH;
  const y = new Float32Array(count * CANDIDATES);
  for (let user = 0; user < count; user++) y.set(partOf(truth, user, PARTS.popularity), user * CANDIDATES);
  return y;
}

function partOf(truth: Float32Array, user: number, part: number): Float32Array {
  const at = user * TRUTH_WIDTH + part;
  return truth.subarray(at, at + CANDIDATES);
}

function answerTo(y: ArrayLike<number>, user: number): Float64Array {
  return Float64Array.from({ length: CANDIDATES }, (_, i) => y[user * CANDIDATES + i]!);
}
