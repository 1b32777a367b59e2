import type { ApiDecoration } from "@polkadot/api/types";
import type { Codec } from "@polkadot/types/types";
import { SubforgeError } from "../errors.ts";
import type { BlockNumber, Hotkey, Netuid, Uid } from "../types.ts";
import type { BlockHead, SubnetRules, WireWeights } from "./chain.ts";
import type { Metagraph } from "./metagraph.ts";
import { parseMetagraph } from "./parse-metagraph.ts";
import { nextEpochBlock } from "./tempo.ts";

/** The state at one block, decoded by the metadata of its runtime. */
export type StateView = {
  head: BlockHead;
  at: ApiDecoration<"promise">;
  /** Puts a deadline on a question. */
  ask: <T>(what: string, question: () => Promise<T>) => Promise<T>;
};

/** An entry of SubtensorModule's storage and its keys. */
type Entry = readonly [name: string, ...keys: number[]];

/** @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_CALL_UNKNOWN for storage the runtime does not have */
export async function readSubnetRules(view: StateView, netuid: Netuid): Promise<SubnetRules> {
  const stored = await readStorage(view, {
    exists: ["networksAdded", netuid],
    tempo: ["tempo", netuid],
    lastEpochBlock: ["lastEpochBlock", netuid],
    epochIndex: ["subnetEpochIndex", netuid],
    pendingEpochAt: ["pendingEpochAt", netuid],
    weightsRateLimit: ["weightsSetRateLimit", netuid],
    minAllowedWeights: ["minAllowedWeights", netuid],
    maxWeightLimit: ["maxWeightsLimit", netuid],
    weightsVersionKey: ["weightsVersionKey", netuid],
    commitRevealEnabled: ["commitRevealWeightsEnabled", netuid],
    stakeThreshold: ["stakeThreshold"],
  });
  if (stored.exists.toJSON() !== true) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
  const clock = {
    tempo: toNumber(stored.tempo),
    lastEpochBlock: toNumber(stored.lastEpochBlock),
    pendingEpochAt: toNumber(stored.pendingEpochAt),
  };
  return {
    netuid,
    block: view.head.number,
    blockHash: view.head.hash,
    tempo: clock.tempo,
    lastEpochBlock: clock.lastEpochBlock,
    epochIndex: toNumber(stored.epochIndex),
    nextEpochBlock: nextEpochBlock(clock),
    weightsRateLimit: toNumber(stored.weightsRateLimit),
    minAllowedWeights: toNumber(stored.minAllowedWeights),
    maxWeightLimit: toNumber(stored.maxWeightLimit),
    weightsVersionKey: toNumber(stored.weightsVersionKey),
    commitRevealEnabled: stored.commitRevealEnabled.toJSON() === true,
    stakeThresholdRao: BigInt(stored.stakeThreshold.toString()),
  };
}

/** @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_BAD_ANSWER, CHAIN_CALL_UNKNOWN */
export async function readMetagraph({ at, ask }: StateView, netuid: Netuid): Promise<Metagraph> {
  const read = at.call.subnetInfoRuntimeApi?.getMetagraph;
  if (!read) throw missing("SubnetInfoRuntimeApi.get_metagraph");
  return parseMetagraph(netuid, (await ask("the metagraph", () => read(netuid))).toJSON());
}

/** Weights as stored, in stored order. */
export async function readWeights(view: StateView, netuid: Netuid, uid: Uid): Promise<WireWeights> {
  const { row } = await readStorage(view, { row: ["weights", netuid, uid] });
  const pairs = row.toJSON() as [Uid, number][];
  return { uids: pairs.map(([target]) => target), values: pairs.map(([, value]) => value) };
}

/** The bytes of the first field, when it holds plain bytes. */
export async function readCommitment(
  { at, ask }: StateView,
  netuid: Netuid,
  hotkey: Hotkey,
): Promise<{ data: Uint8Array; block: BlockNumber } | undefined> {
  const entry = at.query.commitments?.commitmentOf;
  if (!entry) throw missing("Commitments.CommitmentOf");
  const found = (await ask("a commitment", () => entry(netuid, hotkey))).toJSON() as {
    block: BlockNumber;
    info: { fields: Record<string, string>[] };
  } | null;
  const [kind, hex] = Object.entries(found?.info.fields[0] ?? {})[0] ?? [];
  if (!found || !hex || !/^(raw\d+|bigRaw)$/.test(kind ?? "")) return undefined;
  return { data: Uint8Array.from(Buffer.from(hex.slice(2), "hex")), block: found.block };
}

/** Several entries of SubtensorModule in one request. */
async function readStorage<Name extends string>(
  { at, ask }: StateView,
  entries: Record<Name, Entry>,
): Promise<Record<Name, Codec>> {
  const names = Object.keys(entries) as Name[];
  const calls = names.map((name) => {
    const [item, ...keys] = entries[name];
    const entry = at.query.subtensorModule?.[item];
    if (!entry) throw missing(`SubtensorModule.${item}`);
    return [entry, ...(keys.length > 1 ? [keys] : keys)];
  });
  const values = await ask("storage", () => at.queryMulti(calls as never) as Promise<Codec[]>);
  return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, Codec>;
}

/** Numbers beyond 2^53 do not occur in what we read; where the chain could hold one, we would rather stop. */
function toNumber(value: Codec): number {
  const number = Number(value.toString());
  if (Number.isSafeInteger(number)) return number;
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "a counter", problem: `it is ${value}` });
}

function missing(call: string): SubforgeError {
  return new SubforgeError("CHAIN_CALL_UNKNOWN", { call, reason: "the runtime does not have it" });
}
