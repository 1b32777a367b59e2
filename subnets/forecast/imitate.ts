import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import type { ImitatedModel } from "../../shared/template.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";
import { PEER_FEATURES, WINDOW } from "./features.ts";
import { expectedNext } from "./generator.ts";
import type { ForecastTask } from "./questions.ts";

/** Deviation of what a model without any skill says from the best guess, in the regime that it is good at, and in the other. */
const NOISE = { good: 2, bad: 4 };

/** Of an opinion about a peer, in z-scores. */
const OPINION_NOISE = 1;

/** Where the z-score of a peer's regret stands in its row. */
const REGRET_Z = 10;

/**
 * What a model of that skill would say: the best guess that the window allows, with an error of its own that is larger
 * in one regime than in the other. Nobody knows more: the truth needs a beacon that is not there yet.
 */
export function imitate(task: ForecastTask, { seed, skill }: ImitatedModel) {
  return async (feeds: Tensors): Promise<Tensors> => {
    const random = randomFrom(childSeed(seed, `nonce ${task.name}`));
    const { x, peers } = feeds;
    if (peers) {
      const rows = peers.data as Float32Array;
      const count = rows.length / PEER_FEATURES;
      const rz = Float32Array.from(
        { length: count },
        (_, at) => rows[at * PEER_FEATURES + REGRET_Z]! + (1 - skill) * OPINION_NOISE * random.normal(),
      );
      return { rz: tensor("float32", [1, count], rz) };
    }
    const known = x!.data as Float32Array;
    const y = Float32Array.from({ length: task.arity }, (_, label) => {
      const window = Array.from({ length: WINDOW }, (_, t) => known[t * task.arity + label]!);
      const { value, regime } = expectedNext(window);
      const noise = seed[0]! % 2 === regime ? NOISE.good : NOISE.bad;
      return value + (1 - skill) * noise * random.normal();
    });
    return { y: tensor("float32", [1, task.arity], y) };
  };
}
