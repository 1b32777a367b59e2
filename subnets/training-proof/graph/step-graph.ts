import { descend } from "./dense-layers.ts";
import { FORWARD } from "./forward.ts";
import { type Network, parametersOf } from "./network.ts";
import { roundingOf } from "./rounding.ts";
import { Tape, type Value } from "./tape.ts";

/** One step of training, operator by operator. */
export type StepGraph = {
  tape: Tape;
  /** State and minibatch, as they go in. */
  inputs: Value[];
  /** What the state's tensors are after it, by their names before. */
  next: [name: string, value: Value][];
  loss: Value;
};

/** @throws RangeError for dims that are no network */
export function stepGraph(network: Network): StepGraph {
  const { dims, batch, mode } = network;
  const tape = new Tape();
  const of: Record<string, Value> = {};
  const velocities: Record<string, Value> = {};
  for (const { name, shape } of parametersOf(network)) {
    of[name] = tape.input({ name, shape });
    velocities[name] = tape.input({ name: `v${name}`, shape, given: true });
  }
  const x = tape.input({ name: "X", shape: [batch, dims[0]!], given: true });
  const y = tape.input({ name: "Y", shape: [batch, dims.at(-1)!], given: true });
  const rate = tape.input({ name: "LR", shape: [1], given: true });

  const loss = FORWARD[network.family](tape, network, of, x, y);
  tape.goBack();
  const rounding = roundingOf(tape, mode);
  const next = Object.keys(of).flatMap((name): [string, Value][] => {
    const now = { parameter: of[name]!, velocity: velocities[name]!, rate };
    const { parameter, velocity } = descend(tape, rounding, now, network);
    return [
      [name, parameter],
      [`v${name}`, velocity],
    ];
  });
  return { tape, inputs: [...Object.values(of), ...Object.values(velocities), x, y, rate], next, loss };
}
