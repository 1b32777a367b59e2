import { type OnnxGraph, writeOnnx } from "../../shared/onnx-writer.ts";
import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import { meanNdcg, recommend } from "../../subnets/inference/presets/recommend.ts";
import {
  CANDIDATES,
  CLICKS,
  DIMENSIONS,
  HISTORY,
  ITEMS,
  publicWorld,
} from "../../subnets/inference/presets/recommend-world.ts";
import type { Trained } from "./model-file.ts";

/** Nothing up its sleeve: the seed of all training, far from any beacon. */
const SEED = childSeed(new Uint8Array(32), "subforge recommend models 1");

/** Popularity moves with every draw, so users come from many of them. */
const USERS_A_DRAW = 50;
const TRAINING_DRAWS = 160;
const STOP_DRAWS = 20;
const HELD_OUT_DRAWS = 60;

/** Users between two looks at the quality, and the last user at all. */
const LOOK_EVERY = 250;
const MAX_USERS = 48_000;

/** How fast the weights of places in the history are learned, beside the rest. */
const PLACE_RATE = 0.01;

/** One rung of the ladder: numbers it has for a taste, where they begin, and the quality at which training stops. */
type Rung = { name: string; dimensions: number; from: "public" | "nothing"; rate: number; stopAt: number };

/** Only the first knows what is public of the items. The others find out from clicks, the smaller the less. */
const RECOMMEND_LADDER: readonly Rung[] = [
  { name: "recommend-60", dimensions: DIMENSIONS, from: "public", rate: 0.05, stopAt: 0.62 },
  { name: "recommend-49", dimensions: 16, from: "nothing", rate: 0.2, stopAt: 0.5 },
  { name: "recommend-41", dimensions: 12, from: "nothing", rate: 0.2, stopAt: 0.4 },
  { name: "recommend-33", dimensions: 10, from: "nothing", rate: 0.2, stopAt: 0.33 },
  { name: "recommend-25", dimensions: 8, from: "nothing", rate: 0.2, stopAt: 0.25 },
  { name: "recommend-17", dimensions: 6, from: "nothing", rate: 0.2, stopAt: 0.17 },
];

/** One model for each rung, and one that recommends what is popular to everybody. */
export function makeRecommendModels(): Trained[] {
  const training = drawUsers("training", TRAINING_DRAWS);
  const stop = drawUsers("stop", STOP_DRAWS);
  const heldOut = drawUsers("held out", HELD_OUT_DRAWS);
  const learned = RECOMMEND_LADDER.map((rung) => {
    const { net, how } = trainRung(rung, training, stop);
    return measure(rung.name, how, writeTaste(rung.name, net), heldOut, scoresOf(net, heldOut));
  });
  const popularity = Float32Array.from(publicWorld().popularity);
  const popular = Float32Array.from(heldOut.candidates, (item) => popularity[item]!);
  const name = "recommend-popular";
  const how = "gives everybody the items that are popular on most days";
  return [...learned, measure(name, how, writePopular(name, popularity), heldOut, popular)];
}

/** Of several draws, one below the other. Row-major, one row per user. */
type UserSet = { histories: Int32Array; candidates: Int32Array; truth: Float32Array; count: number };

/** `score = (sum over places of weight x liked[clicked]) . offered[candidate] + bias[candidate]`. Matrices [ITEMS, dimensions]. */
type TasteNet = {
  dimensions: number;
  liked: Float64Array;
  offered: Float64Array;
  bias: Float64Array;
  places: Float64Array;
};

/** Stochastic gradient descent on the cross-entropy between the scores' softmax and the clicks, one user at a time. */
function trainRung(rung: Rung, training: UserSet, stop: UserSet): { net: TasteNet; how: string } {
  const seed = childSeed(SEED, rung.name);
  const net = createNet(rung, seed);
  const learn = createLearner(net, rung.rate);
  const pick = randomFrom(childSeed(seed, "users"));
  let users = 0;
  while (users < MAX_USERS) {
    learn(training, pick.below(training.count));
    users++;
    if (users % LOOK_EVERY !== 0) continue;
    if (recommend.quality(stop.truth, scoresOf(net, stop)) >= rung.stopAt) break;
  }
  const start = rung.from === "public" ? "begun with the public vectors" : "begun with random vectors";
  return { net, how: `${rung.dimensions} numbers for a taste, ${start}, ${users} users` };
}

function createNet({ dimensions, from }: Rung, seed: Uint8Array): TasteNet {
  const random = randomFrom(childSeed(seed, "start"));
  const { vectors, popularity } = publicWorld();
  const size = ITEMS * dimensions;
  const vectorsOf = () =>
    from === "public"
      ? vectors.map((value) => 3 * value)
      : Float64Array.from({ length: size }, () => 0.3 * random.normal());
  return {
    dimensions,
    liked: vectorsOf(),
    offered: vectorsOf(),
    bias: from === "public" ? popularity.map((value) => 0.3 * value) : new Float64Array(ITEMS),
    // Later clicks say more: tastes drift. Sums to about 1.
    places: Float64Array.from({ length: HISTORY }, (_, place) => ((place + 5) / HISTORY) ** 2 / 20),
  };
}

function createLearner(net: TasteNet, rate: number): (users: UserSet, user: number) => void {
  const { dimensions, liked, offered, bias, places } = net;
  const taste = new Float64Array(dimensions);
  const back = new Float64Array(dimensions);
  const scores = new Float64Array(CANDIDATES);
  return ({ histories, candidates, truth }, user) => {
    scoreUser(net, histories, candidates, user, taste, scores);
    const highest = Math.max(...scores);
    let sum = 0;
    for (let i = 0; i < CANDIDATES; i++) {
      scores[i] = Math.exp(scores[i]! - highest);
      sum += scores[i]!;
    }
    back.fill(0);
    for (let i = 0; i < CANDIDATES; i++) {
      const item = candidates[user * CANDIDATES + i]!;
      const error = scores[i]! / sum - truth[user * recommend.truthWidth + i]! / CLICKS;
      bias[item]! -= rate * error;
      for (let d = 0; d < dimensions; d++) {
        back[d]! += error * offered[item * dimensions + d]!;
        offered[item * dimensions + d]! -= rate * error * taste[d]!;
      }
    }
    for (let place = 0; place < HISTORY; place++) {
      const at = histories[user * HISTORY + place]! * dimensions;
      const weight = places[place]!;
      let error = 0;
      for (let d = 0; d < dimensions; d++) {
        error += back[d]! * liked[at + d]!;
        liked[at + d]! -= rate * weight * back[d]!;
      }
      places[place]! -= PLACE_RATE * rate * error;
    }
  };
}

/** @returns [users, CANDIDATES] */
function scoresOf(net: TasteNet, { histories, candidates, count }: UserSet): Float32Array {
  const all = new Float32Array(count * CANDIDATES);
  const taste = new Float64Array(net.dimensions);
  const scores = new Float64Array(CANDIDATES);
  for (let user = 0; user < count; user++) {
    scoreUser(net, histories, candidates, user, taste, scores);
    all.set(scores, user * CANDIDATES);
  }
  return all;
}

function scoreUser(
  { dimensions, liked, offered, bias, places }: TasteNet,
  histories: Int32Array,
  candidates: Int32Array,
  user: number,
  taste: Float64Array,
  scores: Float64Array,
): void {
  taste.fill(0);
  for (let place = 0; place < HISTORY; place++) {
    const at = histories[user * HISTORY + place]! * dimensions;
    for (let d = 0; d < dimensions; d++) taste[d]! += places[place]! * liked[at + d]!;
  }
  for (let i = 0; i < CANDIDATES; i++) {
    const item = candidates[user * CANDIDATES + i]!;
    let score = bias[item]!;
    for (let d = 0; d < dimensions; d++) score += taste[d]! * offered[item * dimensions + d]!;
    scores[i] = score;
  }
}

function drawUsers(label: string, draws: number): UserSet {
  const count = draws * USERS_A_DRAW;
  const histories = new Int32Array(count * HISTORY);
  const candidates = new Int32Array(count * CANDIDATES);
  const truth = new Float32Array(count * recommend.truthWidth);
  for (let draw = 0; draw < draws; draw++) {
    const seed = childSeed(SEED, `${label} ${draw}`);
    const { x, aux } = recommend.drawFeeds(seed, USERS_A_DRAW);
    const at = draw * USERS_A_DRAW;
    histories.set(Int32Array.from(x!.data as BigInt64Array, Number), at * HISTORY);
    candidates.set(Int32Array.from(aux!.data as BigInt64Array, Number), at * CANDIDATES);
    truth.set(recommend.drawTruth(seed, USERS_A_DRAW), at * recommend.truthWidth);
  }
  return { histories, candidates, truth, count };
}

function measure(
  name: string,
  how: string,
  onnx: Uint8Array,
  { truth }: UserSet,
  scores: Float32Array,
): Trained {
  return {
    name,
    onnx,
    quality: recommend.quality(truth, scores),
    accuracy: meanNdcg(truth, scores),
    metric: "NDCG@10",
    how,
  };
}

function writeTaste(name: string, { dimensions, liked, offered, bias, places }: TasteNet): Uint8Array {
  const matrix = (values: Float64Array) => tensor("float32", [ITEMS, dimensions], Float32Array.from(values));
  return write(
    name,
    [
      { op: "Gather", inputs: ["liked", "x"], outputs: ["clicked"] },
      { op: "Mul", inputs: ["clicked", "places"], outputs: ["weighed"] },
      { op: "ReduceSum", inputs: ["weighed", "over_places"], outputs: ["taste"] },
      { op: "Gather", inputs: ["offered", "aux"], outputs: ["shown"] },
      { op: "Mul", inputs: ["shown", "taste"], outputs: ["matches"] },
      {
        op: "ReduceSum",
        inputs: ["matches", "over_dimensions"],
        outputs: ["match"],
        attributes: { keepdims: 0 },
      },
      { op: "Gather", inputs: ["bias", "aux"], outputs: ["biases"] },
      { op: "Add", inputs: ["match", "biases"], outputs: ["y"] },
    ],
    {
      liked: matrix(liked),
      offered: matrix(offered),
      bias: tensor("float32", [ITEMS], Float32Array.from(bias)),
      places: tensor("float32", [HISTORY, 1], Float32Array.from(places)),
      over_places: tensor("int64", [1], BigInt64Array.of(1n)),
      over_dimensions: tensor("int64", [1], BigInt64Array.of(2n)),
    },
  );
}

function writePopular(name: string, popularity: Float32Array<ArrayBuffer>): Uint8Array {
  return write(name, [{ op: "Gather", inputs: ["popularity", "aux"], outputs: ["y"] }], {
    popularity: tensor("float32", [ITEMS], popularity),
  });
}

function write(name: string, nodes: OnnxGraph["nodes"], constants: Record<string, Tensor>): Uint8Array {
  return writeOnnx({
    name,
    inputs: [
      { name: "x", dtype: "int64", shape: ["N", HISTORY] },
      { name: "aux", dtype: "int64", shape: ["N", CANDIDATES] },
    ],
    outputs: [{ name: "y", dtype: "float32", shape: ["N", CANDIDATES] }],
    nodes,
    constants,
  });
}
