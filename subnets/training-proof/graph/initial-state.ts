import { randomFrom } from "../../../shared/rules/beacon.ts";
import { tensor } from "../../../shared/tensor.ts";
import { GRID, quantise } from "./grid.ts";
import { type Network, parametersOf, type State } from "./network.ts";

/**
 * The state that a training begins with: nobody chooses it. Weights are (2u - 1) sqrt(6 / fanIn) with u from the seed's
 * stream, on the grid of parameters in both modes; velocities are 0.
 *
 * @param seed - 32 bytes.
 */
export function newState(network: Pick<Network, "family" | "dims">, seed: Uint8Array): State {
  const random = randomFrom(seed);
  const state: State = {};
  for (const parameter of parametersOf(network)) {
    const { name, shape } = parameter;
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => {
      if ("fill" in parameter) return parameter.fill;
      return quantise((2 * random.uniform() - 1) * Math.sqrt(6 / parameter.fanIn), GRID.p);
    });
    state[name] = tensor("float32", shape, values);
    state[`v${name}`] = tensor("float32", shape, new Float32Array(length));
  }
  return state;
}
