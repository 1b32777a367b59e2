import type { Hex } from "../../../shared/types.ts";
import { blake2b256 } from "../../state/hashing.ts";
import type { Reader, StateKey } from "../../state/store.ts";
import { bytesToHex } from "../../types/hex.ts";
import type { ChainNode } from "../chain-node.ts";
import { clientError, invalidParams } from "../rpc-error.ts";
import { callRuntime } from "./call-runtime.ts";
import { blockHashParam, bytesParam, connectionOf, hexParam, listParam, numberParam } from "./params.ts";
import type { RpcContext, RpcMethod, RpcMethods } from "./rpc.ts";

/** As Substrate: a page of keys, and keys one storage query may name. */
const MAX_PAGE = 1_000;
const MAX_QUERY_KEYS = 4_096;

/** Keys `state_getKeys` and `state_getPairs` answer at most; whoever needs more asks page by page. */
const MAX_UNPAGED = 65_536;

/** Blocks one `state_queryStorage` may span. */
const MAX_QUERY_BLOCKS = 1_000;

const getStorage: RpcMethod = ([key, at], { node }) => {
  const value = valueAt(node, key, at);
  return value === undefined ? null : bytesToHex(value);
};

const getRuntimeVersion: RpcMethod = ([at], { node }) => node.engineAt(blockHashParam(at)).version();

const unsubscribe: RpcMethod = ([id], context) => connectionOf(context).unsubscribe(id);

const subscribeRuntimeVersion: RpcMethod = (_, context) =>
  connectionOf(context).subscribe("state_runtimeVersion", (notify) => {
    notify(context.node.engineAt(undefined).version());
    return context.node.onUpgraded.add(notify);
  });

export const stateMethods: RpcMethods = {
  state_getRuntimeVersion: getRuntimeVersion,
  chain_getRuntimeVersion: getRuntimeVersion,
  state_subscribeRuntimeVersion: subscribeRuntimeVersion,
  chain_subscribeRuntimeVersion: subscribeRuntimeVersion,
  state_unsubscribeRuntimeVersion: unsubscribe,
  chain_unsubscribeRuntimeVersion: unsubscribe,
  state_getMetadata: ([at], { node }) => bytesToHex(node.engineAt(blockHashParam(at)).metadata(14)),
  state_call: answerCall,
  state_callAt: answerCall,
  state_getStorage: getStorage,
  state_getStorageAt: getStorage,
  state_getStorageHash: ([key, at], { node }) => {
    const value = valueAt(node, key, at);
    return value === undefined ? null : bytesToHex(blake2b256(value));
  },
  state_getStorageSize: ([key, at], { node }) => valueAt(node, key, at)?.length ?? null,
  state_getKeysPaged: keysPaged,
  state_getKeysPagedAt: keysPaged,
  state_getKeys: ([prefix, at], { node }) => keysBehind(node, at, hexParam(prefix, "prefix"), MAX_UNPAGED),
  state_getPairs: ([prefix, at], { node }) => {
    const state = stateAt(node, at);
    const keys = keysBehind(node, at, hexParam(prefix, "prefix"), MAX_UNPAGED);
    return keys.map((key) => [key, valueHex(state, key)]);
  },
  state_queryStorageAt: ([keys, at], { node }) => {
    const block = node.blockAt(blockHashParam(at));
    const state = node.stateAt(block.hash);
    const changes = keysParam(keys, node, block.hash).map((key) => [key, valueHex(state, key)]);
    return [{ block: block.hash, changes }];
  },
  state_queryStorage: queryStorage,
  state_subscribeStorage: ([keys], context) => {
    const { node } = context;
    const wanted = keysParam(keys, node, undefined);
    return connectionOf(context).subscribe("state_storage", (notify) => {
      const now = node.stateAt(undefined);
      notify({ block: node.view.best.hash, changes: wanted.map((key) => [key, valueHex(now, key)]) });
      return node.view.onStorage.add(({ block, changed }) => {
        const touched = wanted.filter((key) => changed.has(key));
        if (touched.length === 0) return;
        const state = node.state.at(block.header.number);
        notify({ block: block.hash, changes: touched.map((key) => [key, valueHex(state, key)]) });
      });
    });
  },
  state_unsubscribeStorage: unsubscribe,
};

function answerCall([method, data, at]: readonly unknown[], { node }: RpcContext): unknown {
  if (typeof method !== "string" || method.length > 256) throw invalidParams("method must be a name");
  return bytesToHex(callRuntime(node, method, bytesParam(data, "data"), at));
}

function keysPaged([prefix, count, startKey, at]: readonly unknown[], { node }: RpcContext): StateKey[] {
  const limit = numberParam(count, "count");
  if (limit > MAX_PAGE) throw invalidParams(`count exceeds maximum value. value: ${limit}, max: ${MAX_PAGE}`);
  const from = prefix === undefined || prefix === null ? "0x" : hexParam(prefix, "prefix");
  const after = startKey === undefined || startKey === null ? undefined : hexParam(startKey, "start key");
  return keysBehind(node, at, from, limit, after);
}

/** All values at the first block, then the changes of each later one. */
function queryStorage([keys, from, to]: readonly unknown[], { node }: RpcContext): unknown {
  const wanted = keysParam(keys, node, blockHashParam(from));
  const first = node.blockAt(blockHashParam(from)).header.number;
  const last = node.blockAt(blockHashParam(to)).header.number;
  if (last < first || last - first > MAX_QUERY_BLOCKS)
    throw invalidParams(`a range is 0 to ${MAX_QUERY_BLOCKS} blocks, oldest first`);
  const sets: { block: string; changes: unknown[] }[] = [];
  for (let number = first; number <= last; number++) {
    const { hash } = node.blocks.byNumber(number)!;
    const state = node.stateAt(hash);
    const changed = new Set(node.state.changedIn(number));
    const touched = wanted.filter((key) => number === first || changed.has(key));
    if (touched.length > 0)
      sets.push({ block: hash, changes: touched.map((key) => [key, valueHex(state, key)]) });
  }
  return sets;
}

function stateAt(node: ChainNode, at: unknown): Reader {
  return node.stateAt(blockHashParam(at));
}

/** @throws RpcError for a key of an item that this chain does not have: "absent" would be a false answer */
function valueAt(node: ChainNode, key: unknown, at: unknown): Uint8Array | undefined {
  const stateKey = hexParam(key, "key");
  const value = stateAt(node, at).get(stateKey);
  if (value === undefined) requireDeclared(node, stateKey, blockHashParam(at));
  return value;
}

function keysBehind(
  node: ChainNode,
  at: unknown,
  prefix: StateKey,
  max: number,
  after?: StateKey,
): StateKey[] {
  const keys = take(stateAt(node, at).keys(prefix, after), max);
  if (keys.length === 0) requireDeclared(node, prefix, blockHashParam(at));
  return keys;
}

function keysParam(keys: unknown, node: ChainNode, at: Hex | undefined): StateKey[] {
  const state = node.stateAt(at);
  return listParam(keys, "keys", MAX_QUERY_KEYS).map((key) => {
    const stateKey = hexParam(key, "key");
    if (state.get(stateKey) === undefined) requireDeclared(node, stateKey, at);
    return stateKey;
  });
}

function requireDeclared(node: ChainNode, key: StateKey, at: Hex | undefined): void {
  const problem = node.engineAt(at).undeclaredStorage?.(key);
  if (problem !== undefined) throw clientError(problem);
}

function valueHex(state: Reader, key: StateKey): string | null {
  const value = state.get(key);
  return value === undefined ? null : bytesToHex(value);
}

function take(keys: Iterable<StateKey>, max: number): StateKey[] {
  const taken: StateKey[] = [];
  for (const key of keys) {
    if (taken.length >= max) break;
    taken.push(key);
  }
  return taken;
}
