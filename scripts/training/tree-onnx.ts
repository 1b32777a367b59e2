import { ML_DOMAIN, type OnnxAttribute, type OnnxGraph } from "../../shared/onnx-writer.ts";
import type { Boosted } from "./boosted-trees.ts";

/**
 * The trees as one node of ai.onnx.ml. The older of its two forms: every runtime of the last years takes it.
 *
 * @param input - Name of float32 [rows, features].
 * @param output - Name of float32 [rows, 1].
 */
export function treesNode(
  { base, trees }: Boosted,
  input: string,
  output: string,
): OnnxGraph["nodes"][number] {
  const nodes = trees.flatMap((tree, id) =>
    tree.feature.map((feature, node) => ({
      ...{ id, node, feature, isLeaf: feature === -1 },
      ...{ threshold: tree.threshold[node]!, value: tree.value[node]! },
      ...{ left: tree.left[node]!, right: tree.right[node]! },
    })),
  );
  const leaves = nodes.filter(({ isLeaf }) => isLeaf);
  const attributes: Record<string, OnnxAttribute> = {
    aggregate_function: "SUM",
    base_values: Float32Array.of(base),
    n_targets: 1,
    nodes_treeids: nodes.map(({ id }) => id),
    nodes_nodeids: nodes.map(({ node }) => node),
    nodes_featureids: nodes.map(({ feature, isLeaf }) => (isLeaf ? 0 : feature)),
    nodes_values: Float32Array.from(nodes, ({ threshold }) => threshold),
    nodes_modes: nodes.map(({ isLeaf }) => (isLeaf ? "LEAF" : "BRANCH_LEQ")),
    nodes_truenodeids: nodes.map(({ left }) => left),
    nodes_falsenodeids: nodes.map(({ right }) => right),
    nodes_missing_value_tracks_true: nodes.map(() => 0),
    target_ids: leaves.map(() => 0),
    target_treeids: leaves.map(({ id }) => id),
    target_nodeids: leaves.map(({ node }) => node),
    target_weights: Float32Array.from(leaves, ({ value }) => value),
  };
  return { op: "TreeEnsembleRegressor", domain: ML_DOMAIN, inputs: [input], outputs: [output], attributes };
}
