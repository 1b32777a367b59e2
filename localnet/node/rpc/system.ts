import type { Account } from "../../runtime/dsl/context.ts";
import { hexToBytes } from "../../types/hex.ts";
import { nonceTag } from "../../types/nonce-tag.ts";
import { U32 } from "../../types/primitives.ts";
import type { ChainNode } from "../chain-node.ts";
import { accountParam } from "./params.ts";
import type { RpcMethod, RpcMethods } from "./rpc.ts";

/** A well-formed id of nobody: this node has no network. */
const PEER_ID = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

/** Blocks that a syncing node lacks when the fault names none. */
const DEFAULT_SYNC_BLOCKS = 1_000;

const accountNextIndex: RpcMethod = ([account], { node }) => nextNonce(node, accountParam(account));

export const systemMethods: RpcMethods = {
  system_name: () => "subforge local chain",
  system_version: () => "1.0.0",
  system_chain: () => "Bittensor",
  system_chainType: () => "Local",
  system_properties: () => ({ ss58Format: 42, tokenDecimals: 9, tokenSymbol: "TAO", isEthereum: false }),
  system_health: (_, { faults }) => {
    const isSyncing = faults.active("syncing") !== undefined;
    return { peers: 0, isSyncing, shouldHavePeers: false };
  },
  system_nodeRoles: () => ["Authority"],
  system_localPeerId: () => PEER_ID,
  system_localListenAddresses: () => [],
  system_peers: () => [],
  system_syncState: (_, { node, faults }) => {
    const { number } = node.view.best.header;
    const syncing = faults.active("syncing");
    const missing = syncing === undefined ? 0 : (syncing.behind ?? DEFAULT_SYNC_BLOCKS);
    return { startingBlock: 0, currentBlock: number, highestBlock: number + missing };
  },
  system_accountNextIndex: accountNextIndex,
  account_nextIndex: accountNextIndex,
};

/** The account's nonce, and past what already waits in the pool. */
function nextNonce(node: ChainNode, account: Account): number {
  const stored = node.query(undefined, (engine, store, at) =>
    engine.call(store, "AccountNonceApi_account_nonce", hexToBytes(account), at),
  );
  const waiting = new Set(node.pool.all().flatMap(({ provides }) => provides));
  let nonce = U32.decode(stored);
  while (waiting.has(nonceTag(account, nonce))) nonce++;
  return nonce;
}
