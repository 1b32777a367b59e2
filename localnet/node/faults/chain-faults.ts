import type { ChainNode } from "../chain-node.ts";
import { invalidParams } from "../rpc-error.ts";
import type { FaultKind } from "./fault.ts";
import type { FaultBoard, SetFault } from "./fault-board.ts";

/** Faults that last some blocks when they have a count. */
const COUNTED_IN_BLOCKS: readonly FaultKind[] = [
  "syncing",
  "lagging",
  "wrong-genesis",
  "stalled-finality",
  "pruned",
];

/** Let the faults of the chain itself, those that are not about requests, happen to a node. */
export function applyChainFaults(board: FaultBoard, node: ChainNode): void {
  const original = node.engine;

  const refresh = (kind: FaultKind): void => {
    if (kind === "lagging") {
      const lag = board.active("lagging");
      if (lag === undefined) node.view.setLag({ kind: "none" });
      else if (lag.blocks === undefined) node.view.setLag({ kind: "frozen" });
      else node.view.setLag({ kind: "behind", blocks: lag.blocks });
    }
    if (kind === "stalled-finality") {
      const stall = board.active("stalled-finality");
      if (stall === undefined) node.view.setFinality({ kind: "instant" });
      else if (stall.behind === undefined) node.view.setFinality({ kind: "stalled" });
      else node.view.setFinality({ kind: "behind", blocks: stall.behind });
    }
    if (kind === "pruned") node.keepStates(board.active("pruned")?.blocks ?? Number.POSITIVE_INFINITY);
  };

  board.onSet.add((fault) => {
    if (fault.kind === "reorg") {
      node.reorganise(fault.depth, { lose: fault.lose ?? false });
      board.clear(fault.id);
    }
    if (fault.kind === "spec-bump") bump(node, fault);
    refresh(fault.kind);
  });
  board.onEnded.add((fault) => {
    if (fault.kind === "spec-bump" && board.active("spec-bump") === undefined) node.upgrade(original);
    refresh(fault.kind);
  });
  node.onBlock.add(() => {
    for (const kind of COUNTED_IN_BLOCKS) board.strike(kind);
  });
}

function bump(node: ChainNode, { change = "newtype", specVersion }: SetFault & { kind: "spec-bump" }): void {
  const next = specVersion ?? node.engine.version().specVersion + 1;
  if (node.engine.upgraded === undefined)
    throw invalidParams("this engine cannot change its own runtime; upgrade it by set_code");
  node.upgrade(node.engine.upgraded({ specVersion: next, change }));
}
