import { type Constant, constantShape } from "./constant-shape.ts";
import type { GraphSketch, NodeSketch } from "./model-graph.ts";
import { countElements, ModelProblem } from "./model-problem.ts";

/** Numbers that a small file may unfold into before the first request: 1 GiB of float32. */
const MIN_ALLOWED = 2 ** 28;
/** Numbers for each one that the file stores: weights are cast, transposed and joined. */
const PER_STORED = 4;
/** Nobody repeats, expands or pads into more dimensions. */
const MAX_RANK = 64;
/** Nodes with more inputs are looked at once, when all of them are known. */
const MAX_OPEN_INPUTS = 8;

/**
 * Refuses files that are small and unfold while they are loaded: constants made of constants, each larger than the
 * last. Follows the nodes from constant to constant, in whatever order the file lists them, branches and loops included.
 *
 * @param storedElements - Numbers that the file and those beside it really hold.
 * @throws ModelProblem
 */
export function refuseUnfolding(graph: GraphSketch, storedElements: number): void {
  new Unfolding(Math.max(MIN_ALLOWED, PER_STORED * storedElements)).follow(graph, () => undefined);
}

type LookUp = (name: string) => Constant | undefined;

class Unfolding {
  readonly #allowed: number;
  #elements = 0;

  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  follow(graph: GraphSketch, outer: LookUp): void {
    const constants = new Map<string, Constant>(graph.weights.map((weight) => [weight.name, weight]));
    const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
    // What a graph makes itself hides what has the same name outside.
    const look: LookUp = (name) => constants.get(name) ?? (made.has(name) ? undefined : outer(name));
    const users = new Map<string, NodeSketch[]>();
    const open = new Map<NodeSketch, number>();
    for (const node of graph.nodes) {
      const awaited = new Set(node.inputs.filter((name) => made.has(name)));
      open.set(node, awaited.size);
      for (const name of awaited) {
        const known = users.get(name);
        if (known) known.push(node);
        else users.set(name, [node]);
      }
    }
    const due = [...graph.nodes];
    for (let node = due.pop(); node; node = due.pop()) {
      const [name] = node.outputs;
      if (name === undefined || constants.has(name)) continue;
      if (node.inputs.length > MAX_OPEN_INPUTS && open.get(node)! > 0) continue;
      const inputs = node.inputs.map((input) => (input === "" ? undefined : look(input)));
      const constant = constantShape(node, inputs);
      if (!constant) continue;
      const elements = this.#bounded(constant, node);
      if (node.inputs.some((input) => input !== "" && !look(input))) continue; // not the same at each request
      this.#elements += elements;
      if (this.#elements > this.#allowed)
        throw new ModelProblem(`it unfolds into more than ${this.#allowed} numbers before the first request`);
      constants.set(name, constant);
      for (const user of users.get(name) ?? []) {
        open.set(user, open.get(user)! - 1);
        due.push(user);
      }
    }
    for (const { graphs } of graph.nodes) for (const inner of graphs) this.follow(inner, look);
  }

  #bounded({ shape }: Constant, { op }: NodeSketch): number {
    if (shape.length > MAX_RANK) throw new ModelProblem(`a ${op} makes more than ${MAX_RANK} dimensions`);
    return countElements(shape, this.#allowed, `what a ${op} makes`);
  }
}
