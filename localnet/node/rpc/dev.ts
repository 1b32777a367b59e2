import { QUICKNET, verifyPulse } from "../../../shared/chain/timelock/beacon.ts";
import type { Hex } from "../../../shared/types.ts";
import { addPulse } from "../../runtime/pallets/drand/pulses.ts";
import { invalidParams } from "../rpc-error.ts";
import { accountParam, bytesParam, hexParam, listParam, numberParam } from "./params.ts";
import type { RpcMethods } from "./rpc.ts";

/** Blocks one call makes at most: the node answers nobody while it makes them. */
const MAX_BLOCKS = 10_000;

/** Longest time between blocks on a timer: a day. */
const MAX_INTERVAL_MS = 86_400_000;

/** Largest balance: a u64 of rao. */
const MAX_RAO = 2n ** 64n - 1n;

/** What a development chain can do that a real one cannot. Names as in other development chains where they exist. */
export const devMethods: RpcMethods = {
  /** `{count?}` or `{to?}` -> hash of the last block. */
  dev_newBlock: ([options], { node, author }) => {
    const { count, to } = objectParam(options);
    const head = node.head.header.number;
    const wanted = to === undefined ? numberParam(count ?? 1, "count") : numberParam(to, "to") - head;
    if (wanted < 0 || wanted > MAX_BLOCKS)
      throw invalidParams(`one call makes 0 to ${MAX_BLOCKS} blocks, not ${wanted}`);
    return author.newBlock(wanted).hash;
  },
  /** "Manual" or "Instant". */
  dev_setBlockBuildMode: ([mode], { author }) => {
    if (mode === "Manual") author.setMode({ kind: "manual" });
    else if (mode === "Instant") author.setMode({ kind: "instant" });
    else throw invalidParams("the mode is Manual or Instant; for a timer use dev_setIntervalMining");
    return null;
  },
  /** Milliseconds between blocks; 0 stops the timer. */
  dev_setIntervalMining: ([ms], { author }) => {
    const interval = numberParam(ms, "ms");
    if (interval > MAX_INTERVAL_MS) throw invalidParams(`ms is at most ${MAX_INTERVAL_MS}`);
    author.setMode(interval === 0 ? { kind: "manual" } : { kind: "interval", ms: interval });
    return null;
  },
  /** Unix milliseconds or a date -> time of the next block. */
  dev_timeTravel: ([time], { travelTo }) => {
    const unixMs = typeof time === "string" ? Date.parse(time) : numberParam(time, "time");
    if (!Number.isSafeInteger(unixMs)) throw invalidParams("time is Unix milliseconds or a date");
    travelTo(unixMs);
    return unixMs;
  },
  /** -> an id for `dev_revert`: the best block. */
  dev_snapshot: (_, { node }) => node.head.hash,
  dev_revert: ([id], { node }) => {
    const block = node.blockAt(hexParam(id, "id"));
    node.stateAt(block.hash);
    node.revertTo(block.header.number);
    return block.hash;
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
    const amount =
      typeof rao === "string" && /^\d{1,20}$/.test(rao) ? BigInt(rao) : BigInt(numberParam(rao, "rao"));
    if (amount > MAX_RAO) throw invalidParams("rao must fit into 64 bits");
    return node.newBlock((store) => node.engine.setBalance(store, who, amount)).hash;
  },
};

function objectParam(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalidParams("the parameter is an object");
  return value as Record<string, unknown>;
}
