import { QUICKNET, verifyPulse } from "../../../shared/chain/timelock/beacon.ts";
import { isSubforgeError } from "../../../shared/errors.ts";
import type { Hex } from "../../../shared/types.ts";
import { DispatchFailed } from "../../engine.ts";
import { addPulse } from "../../runtime/pallets/drand/pulses.ts";
import type { Block } from "../block-store.ts";
import type { ChainNode } from "../chain-node.ts";
import { invalidParams } from "../rpc-error.ts";
import { accountParam, bytesParam, hexParam, listParam, numberParam, objectParam } from "./params.ts";
import type { RpcMethods } from "./rpc.ts";

/** Largest balance: a u64 of rao. */
const MAX_RAO = 2n ** 64n - 1n;

/** State of a development chain: kept, gone back to, carried elsewhere and written. */
export const devStateMethods: RpcMethods = {
  /** -> an id for `dev_revert`: the best block. */
  dev_snapshot: (_, { node }) => node.head.hash,
  dev_revert: ([id], { node }) => goBackTo(node, node.blockAt(hexParam(id, "id"))),
  /** A hash or height of a block that is gone back to -> its hash. */
  dev_setHead: ([head], { node }) => {
    const isHash = typeof head === "string" && head.startsWith("0x") && head.length === 66;
    const hash = isHash ? hexParam(head, "hash") : node.blocks.hashOf(numberParam(head, "height"));
    if (hash === undefined) throw invalidParams(`there is no block ${String(head).slice(0, 80)}`);
    return goBackTo(node, node.blockAt(hash));
  },
  /** -> the whole chain as a file, in base64. */
  dev_dumpState: (_, { states }) => Buffer.from(states.dump()).toString("base64"),
  /** A file of the same genesis, in base64 -> hash of the best block. */
  dev_loadState: ([file], { node, states }) => {
    if (typeof file !== "string") throw invalidParams("the state is base64");
    try {
      states.load(new Uint8Array(Buffer.from(file, "base64")));
    } catch (error) {
      if (isSubforgeError(error)) throw invalidParams(error.message);
      throw error;
    }
    return node.head.hash;
  },
  /** Writes in a block of its own: `[[key, value or null], ...]`. -> its hash */
  dev_setStorage: ([entries], { node }) => {
    const changes = listParam(entries, "entries", 10_000).map((entry): [Hex, Uint8Array | undefined] => {
      const [key, value] = listParam(entry, "an entry", 2);
      return [hexParam(key, "key"), value === null ? undefined : bytesParam(value, "value")];
    });
    return node.newBlock((store) => {
      for (const [key, value] of changes) {
        if (value === undefined) store.delete(key);
        else store.put(key, value);
      }
    }).hash;
  },
  /** A pulse of the public drand network, round and signature, in a block of its own: opens what others encrypted. -> its hash */
  dev_addDrandPulse: ([round, signature], { node }) => {
    const pulse = { round: numberParam(round, "round"), signature: bytesParam(signature, "signature") };
    if (!verifyPulse(QUICKNET, pulse))
      throw invalidParams(`this is not quicknet's pulse of round ${pulse.round}`);
    return node.newBlock((store) => addPulse(store, pulse)).hash;
  },
  /** Free balance in rao, in a block of its own. -> its hash */
  dev_setBalance: ([account, rao], { node }) => {
    const who = accountParam(account);
    const amount = raoParam(rao);
    return node.newBlock((store) => node.engine.setBalance(store, who, amount)).hash;
  },
  /** `{netuid, hotkey, coldkey?, rao?}`: gives the coldkey so much, and registers -> hash of the block. */
  dev_fundAndRegister: ([options], { node }) => {
    const { netuid, hotkey, coldkey = hotkey, rao } = objectParam(options);
    const who = { hot: accountParam(hotkey), cold: accountParam(coldkey) };
    const value = { netuid: numberParam(netuid, "netuid"), hotkey: who.hot };
    if (value.netuid > 65_535) throw invalidParams("a netuid is at most 65535");
    const amount = rao === undefined ? undefined : raoParam(rao);
    const { engine } = node;
    if (engine.dispatchAs === undefined) throw invalidParams("this engine makes calls by transactions only");
    try {
      return node.newBlock((store) => {
        if (amount !== undefined) engine.setBalance(store, who.cold, amount);
        const call = { type: "SubtensorModule", value: { type: "burned_register", value } };
        engine.dispatchAs!(store, who.cold, call);
      }).hash;
    } catch (error) {
      if (error instanceof DispatchFailed) throw invalidParams(`not registered: ${error.message}`);
      throw error;
    }
  },
};

function goBackTo(node: ChainNode, { hash, header }: Block): Hex {
  node.stateAt(hash);
  node.revertTo(header.number);
  return hash;
}

function raoParam(rao: unknown): bigint {
  const amount =
    typeof rao === "string" && /^\d{1,20}$/.test(rao) ? BigInt(rao) : BigInt(numberParam(rao, "rao"));
  if (amount > MAX_RAO) throw invalidParams("rao must fit into 64 bits");
  return amount;
}
