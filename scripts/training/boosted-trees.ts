/** A split, or a leaf. Columns of one tree: node 0 is the root, children come after their parent. */
type Tree = {
  /** Feature that is looked at; -1 of a leaf. */
  feature: number[];
  /** Smaller or equal: to the left. Always one of the values seen in training, so it is the same number as float32. */
  threshold: number[];
  left: number[];
  right: number[];
  /** Of a leaf: what it adds. */
  value: number[];
};

/** `base` plus one leaf of each tree. */
export type Boosted = { features: number; base: number; trees: Tree[] };

export type BoostOptions = {
  trees: number;
  /** Splits on the way from the root to a leaf. */
  depth: number;
  /** Share of each tree's answer that counts. */
  rate: number;
  /** Least rows in a leaf. */
  leafRows: number;
};

/**
 * Gradient boosting of regression trees for the squared error (Friedman 2001): each tree is fitted to what those before
 * it left over, by the best split of all values of all features.
 *
 * @param x - Row-major [rows, features].
 */
export function boostTrees(
  x: Float32Array,
  y: Float64Array,
  { trees, depth, rate, leafRows }: BoostOptions,
): Boosted {
  const rows = y.length;
  const features = x.length / rows;
  const order = Array.from({ length: features }, (_, f) =>
    Int32Array.from({ length: rows }, (_, row) => row).sort(
      (a, b) => x[a * features + f]! - x[b * features + f]! || a - b,
    ),
  );
  const base = y.reduce((sum, value) => sum + value, 0) / rows;
  const rest = y.map((value) => value - base);
  const grown: Tree[] = [];
  for (let count = 0; count < trees; count++) {
    const tree = growTree({ x, features, order, rest, leafRows }, depth, rate);
    grown.push(tree);
    for (let row = 0; row < rows; row++) rest[row]! -= leafOf(tree, x, row * features);
  }
  return { features, base, trees: grown };
}

/** @returns One value for each row. */
export function predictBoosted({ features, base, trees }: Boosted, x: Float32Array): Float64Array {
  return Float64Array.from({ length: x.length / features }, (_, row) =>
    trees.reduce((sum, tree) => sum + leafOf(tree, x, row * features), base),
  );
}

function leafOf({ feature, threshold, left, right, value }: Tree, x: Float32Array, at: number): number {
  let node = 0;
  while (feature[node] !== -1)
    node = x[at + feature[node]!]! <= threshold[node]! ? left[node]! : right[node]!;
  return value[node]!;
}

type Ground = {
  x: Float32Array;
  features: number;
  /** Rows by the value of each feature. */
  order: readonly Int32Array[];
  /** What is left to explain, by row. */
  rest: Float64Array;
  leafRows: number;
};

type Split = { feature: number; threshold: number; gain: number };

/** Level by level: every row knows the node it has come to, so that one pass over a feature looks at all nodes. */
function growTree(ground: Ground, depth: number, rate: number): Tree {
  const { x, features, rest } = ground;
  const tree: Tree = { feature: [], threshold: [], left: [], right: [], value: [] };
  const nodeOf = new Int32Array(rest.length);
  let level = [addLeaf(tree)];
  for (let below = depth; below > 0 && level.length > 0; below--) {
    const splits = bestSplits(ground, nodeOf, level);
    const next: number[] = [];
    for (const [node, { feature, threshold }] of splits) {
      tree.feature[node] = feature;
      tree.threshold[node] = threshold;
      tree.left[node] = addLeaf(tree);
      tree.right[node] = addLeaf(tree);
      next.push(tree.left[node]!, tree.right[node]!);
    }
    for (let row = 0; row < rest.length; row++) {
      const node = nodeOf[row]!;
      if (!splits.has(node)) continue;
      const isLeft = x[row * features + tree.feature[node]!]! <= tree.threshold[node]!;
      nodeOf[row] = isLeft ? tree.left[node]! : tree.right[node]!;
    }
    level = next;
  }
  const { counts, sums } = totals(nodeOf, rest, tree.feature.length);
  tree.value = tree.feature.map((feature, node) =>
    feature === -1 ? Math.fround((rate * sums[node]!) / Math.max(1, counts[node]!)) : 0,
  );
  return tree;
}

function addLeaf(tree: Tree): number {
  for (const column of [tree.threshold, tree.left, tree.right, tree.value]) column.push(0);
  return tree.feature.push(-1) - 1;
}

/** For those of `level` that have one: the split after which the least is left over. */
function bestSplits(ground: Ground, nodeOf: Int32Array, level: readonly number[]): Map<number, Split> {
  const { x, features, order, rest, leafRows } = ground;
  const nodes = Math.max(...level) + 1;
  const isOpen = new Uint8Array(nodes);
  for (const node of level) isOpen[node] = 1;
  const { counts, sums } = totals(nodeOf, rest, nodes);
  const best = new Map<number, Split>();
  for (let feature = 0; feature < features; feature++) {
    const seen = new Float64Array(nodes);
    const sumSeen = new Float64Array(nodes);
    const last = new Float64Array(nodes);
    for (const row of order[feature]!) {
      const node = nodeOf[row]!;
      if (isOpen[node] !== 1) continue;
      const value = x[row * features + feature]!;
      const [before, after] = [seen[node]!, counts[node]! - seen[node]!];
      if (before >= leafRows && after >= leafRows && value > last[node]!) {
        const sum = sumSeen[node]!;
        const gain = sum ** 2 / before + (sums[node]! - sum) ** 2 / after - sums[node]! ** 2 / counts[node]!;
        if (gain > (best.get(node)?.gain ?? 1e-12)) best.set(node, { feature, threshold: last[node]!, gain });
      }
      seen[node]! += 1;
      sumSeen[node]! += rest[row]!;
      last[node] = value;
    }
  }
  return new Map(level.flatMap((node) => (best.has(node) ? [[node, best.get(node)!] as const] : [])));
}

function totals(nodeOf: Int32Array, rest: Float64Array, nodes: number) {
  const counts = new Float64Array(nodes);
  const sums = new Float64Array(nodes);
  for (let row = 0; row < rest.length; row++) {
    const node = nodeOf[row]!;
    if (node >= nodes) continue;
    counts[node]! += 1;
    sums[node]! += rest[row]!;
  }
  return { counts, sums };
}
