import type { BlockNumber } from "../../../shared/types.ts";
import { bytesToHex } from "../../types/hex.ts";
import type { Block } from "../block-store.ts";
import type { ChainNode } from "../chain-node.ts";
import type { Listeners } from "../listeners.ts";
import { blockHashParam, connectionOf, numberParam } from "./params.ts";
import type { RpcContext, RpcMethod, RpcMethods } from "./rpc.ts";

/** Heights one call may ask for. */
const MAX_HEIGHTS = 10_000;

/** Genesis of no chain: what a fault answers instead of ours. */
const ANOTHER_HASH = `0x${"f0".repeat(32)}`;

const getBlockHash: RpcMethod = ([height], context) => {
  const { node } = context;
  if (height === undefined || height === null) return node.view.best.hash;
  const hashAt = (value: unknown) => hashOf(numberParam(value, "block number"), context);
  return Array.isArray(height) ? height.slice(0, MAX_HEIGHTS).map(hashAt) : hashAt(height);
};
const getHeader: RpcMethod = ([hash], { node }) => {
  const block = node.find(blockHashParam(hash));
  return block ? headerJson(block) : null;
};
const finalizedHash: RpcMethod = (_, { node }) => node.view.finalizedHash;
const unsubscribe: RpcMethod = ([id], context) => connectionOf(context).unsubscribe(id);

const newHeads = follow("chain_newHead", bestOf, ({ view }) => view.onHead);
const allHeads = follow("chain_allHead", bestOf, ({ view }) => view.onHead);
const finalizedHeads = follow(
  "chain_finalizedHead",
  (node) => node.find(node.view.finalizedHash),
  ({ view }) => view.onFinalized,
);

/** Every name under which Substrate answers, old ones too. */
export const chainMethods: RpcMethods = {
  chain_getBlockHash: getBlockHash,
  chain_getHead: getBlockHash,
  chain_getFinalizedHead: finalizedHash,
  chain_getFinalisedHead: finalizedHash,
  chain_getHeader: getHeader,
  chain_getBlock: ([hash], { node }) => {
    const block = node.find(blockHashParam(hash));
    if (block === undefined) return null;
    return {
      block: { header: headerJson(block), extrinsics: block.extrinsics.map(bytesToHex) },
      justifications: null,
    };
  },
  chain_subscribeNewHeads: newHeads,
  chain_subscribeNewHead: newHeads,
  subscribe_newHead: newHeads,
  chain_unsubscribeNewHeads: unsubscribe,
  chain_unsubscribeNewHead: unsubscribe,
  unsubscribe_newHead: unsubscribe,
  chain_subscribeFinalizedHeads: finalizedHeads,
  chain_subscribeFinalisedHeads: finalizedHeads,
  chain_unsubscribeFinalizedHeads: unsubscribe,
  chain_unsubscribeFinalisedHeads: unsubscribe,
  chain_subscribeAllHeads: allHeads,
  chain_unsubscribeAllHeads: unsubscribe,
};

/** The head of now at once, then each new one. */
function follow(
  event: string,
  now: (node: ChainNode) => Block | undefined,
  later: (node: ChainNode) => Listeners<Block>,
): RpcMethod {
  return (_, context) =>
    connectionOf(context).subscribe(event, (notify) => {
      const { node } = context;
      const block = now(node);
      if (block !== undefined) notify(headerJson(block));
      return later(node).add((next) => notify(headerJson(next)));
    });
}

function bestOf({ view }: ChainNode): Block {
  return view.best;
}

function hashOf(number: BlockNumber, { node, faults }: RpcContext): string | null {
  if (number > node.view.best.header.number) return null;
  const wrong = number === 0 ? faults.strike("wrong-genesis") : undefined;
  return wrong ? (wrong.hash ?? ANOTHER_HASH) : (node.blocks.hashOf(number) ?? null);
}

function headerJson({ header }: Block) {
  return {
    parentHash: header.parentHash,
    number: `0x${header.number.toString(16)}`,
    stateRoot: header.stateRoot,
    extrinsicsRoot: header.extrinsicsRoot,
    digest: { logs: header.digest },
  };
}
