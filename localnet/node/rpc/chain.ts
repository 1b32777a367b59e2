import type { Hex } from "../../../shared/types.ts";
import { bytesToHex } from "../../types/hex.ts";
import type { Block } from "../block-store.ts";
import type { ChainNode } from "../chain-node.ts";
import type { Listeners } from "../listeners.ts";
import { blockHashParam, connectionOf, numberParam } from "./params.ts";
import type { RpcMethod, RpcMethods } from "./rpc.ts";

/** Heights one call may ask for. */
const MAX_HEIGHTS = 10_000;

const getBlockHash: RpcMethod = ([height], { node }) => {
  if (height === undefined || height === null) return node.head.hash;
  const hashAt = (value: unknown) => node.blocks.hashOf(numberParam(value, "block number")) ?? null;
  return Array.isArray(height) ? height.slice(0, MAX_HEIGHTS).map(hashAt) : hashAt(height);
};
const getHeader: RpcMethod = ([hash], { node }) => {
  const block = find(node, blockHashParam(hash));
  return block ? headerJson(block) : null;
};
const bestHash: RpcMethod = (_, { node }) => node.head.hash;
const unsubscribe: RpcMethod = ([id], context) => connectionOf(context).unsubscribe(id);

const newHeads = follow("chain_newHead", (node) => node.onHead);
const finalizedHeads = follow("chain_finalizedHead", (node) => node.onFinalized);
const allHeads = follow("chain_allHead", (node) => node.onHead);

/** Every name under which Substrate answers, old ones too. */
export const chainMethods: RpcMethods = {
  chain_getBlockHash: getBlockHash,
  chain_getHead: getBlockHash,
  chain_getFinalizedHead: bestHash,
  chain_getFinalisedHead: bestHash,
  chain_getHeader: getHeader,
  chain_getBlock: ([hash], { node }) => {
    const block = find(node, blockHashParam(hash));
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
function follow(event: string, of: (node: ChainNode) => Listeners<Block>): RpcMethod {
  return (_, context) =>
    connectionOf(context).subscribe(event, (notify) => {
      notify(headerJson(context.node.head));
      return of(context.node).add((block) => notify(headerJson(block)));
    });
}

function find(node: ChainNode, hash: Hex | undefined): Block | undefined {
  return hash === undefined ? node.head : node.blocks.byHash(hash);
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
