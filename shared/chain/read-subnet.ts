import type { ApiDecoration } from "@polkadot/api/types";
import { SubforgeError } from "../errors.ts";
import type { BlockNumber, Hotkey, Netuid, Uid } from "../types.ts";
import type { BlockHead, Commitment, SubnetRules, WireWeights } from "./chain.ts";
import type { Metagraph } from "./metagraph.ts";
import { readCommitReveal } from "./read-commit-reveal.ts";
import { missing, readStorage, toNumber } from "./read-storage.ts";
import type { Runtime } from "./runtime/runtimes.ts";
import { ScaleReader } from "./scale/scale-reader.ts";
import { nextEpochBlock } from "./tempo.ts";
import { storageIndexOf } from "./timelock/commit-hash.ts";
import { type AddressBook, toMetagraph } from "./to-metagraph.ts";

/** One block, and whom to ask about it. */
export type Moment = {
  head: BlockHead;
  runtime: Runtime;
  /** One question of JSON-RPC, as it is. */
  rpc: (method: string, params: readonly unknown[]) => Promise<unknown>;
  /** The same, of a second endpoint; undefined when there is none. */
  witness: (method: string, params: readonly unknown[]) => Promise<{ answer: unknown } | undefined>;
};

/** The state at one block, decoded by the metadata of its runtime. */
export type StateView = Moment & {
  at: ApiDecoration<"promise">;
  /** Names what goes wrong in an answer. */
  ask: <T>(what: string, question: () => Promise<T>) => Promise<T>;
};

/** u16, little-endian: the argument of a runtime API. */
export const u16Hex = (value: number) => `0x${Buffer.from(Uint16Array.of(value).buffer).toString("hex")}`;

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
    mechanisms: ["mechanismCountCurrent", netuid],
    commitRevealEnabled: ["commitRevealWeightsEnabled", netuid],
    ownerHotkey: ["subnetOwnerHotkey", netuid],
    stakeThreshold: ["stakeThreshold"],
  });
  const commitRevealEnabled = stored.commitRevealEnabled.toJSON() === true;
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
    mechanisms: toNumber(stored.mechanisms),
    commitRevealEnabled,
    commitReveal: commitRevealEnabled ? await readCommitReveal(view, netuid) : undefined,
    ownerHotkey: stored.ownerHotkey.toString(),
    stakeThresholdRao: BigInt(stored.stakeThreshold.toString()),
  };
}

/**
 * In one request, and without a value of @polkadot/types per number: those take 30 times as long.
 *
 * @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_BAD_ANSWER, CHAIN_CALL_UNKNOWN
 */
export async function readMetagraph(
  { head, rpc, runtime }: Moment,
  netuid: Netuid,
  addresses: AddressBook,
): Promise<Metagraph> {
  const params = ["SubnetInfoRuntimeApi_get_metagraph", u16Hex(netuid), head.hash];
  const columns = runtime.readMetagraph(netuid, toBytes("the metagraph", await rpc("state_call", params)));
  if (!columns) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
  return toMetagraph(columns, addresses);
}

/**
 * Weights as stored, in stored order. It is the proof that they were set, so a second endpoint is asked for it as well.
 *
 * @throws SubforgeError CHAIN_ENDPOINTS_DISAGREE
 */
export async function readWeights(
  { at, head, rpc, witness }: StateView,
  netuid: Netuid,
  uid: Uid,
  mechanism: number,
): Promise<WireWeights> {
  const entry = at.query.subtensorModule?.weights;
  if (!entry) throw missing("SubtensorModule.weights");
  const question = [entry.key(storageIndexOf(netuid, mechanism), uid), head.hash];
  const [answer, second] = await Promise.all([
    rpc("state_getStorage", question),
    witness("state_getStorage", question),
  ]);
  if (second && second.answer !== answer) {
    throw new SubforgeError("CHAIN_ENDPOINTS_DISAGREE", { what: `the weights of uid ${uid}` });
  }
  return answer === null ? { uids: [], values: [] } : toRow(toBytes("weights", answer));
}

/** `Vec<(u16, u16)>`. */
function toRow(bytes: Buffer): WireWeights {
  const row: WireWeights = { uids: [], values: [] };
  try {
    const reader = new ScaleReader(bytes);
    for (let left = reader.length(4); left > 0; left--) {
      row.uids.push(reader.u16());
      row.values.push(reader.u16());
    }
    if (reader.left === 0) return row;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "weights", problem: "they are no list of pairs" });
}

function toBytes(what: string, answer: unknown): Buffer {
  if (typeof answer === "string" && /^0x(?:[0-9a-f]{2})*$/.test(answer)) {
    return Buffer.from(answer.slice(2), "hex");
  }
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what, problem: "it is no text of hexadecimal digits" });
}

/** As stored. The fields of a commitment are variants: their name is all that says what is in them. */
type StoredCommitment = { block: BlockNumber; info: { fields: Record<string, string>[] } };

/** The bytes of the first field of each, where it holds plain bytes. In one request. */
export async function readCommitments(
  { at, ask }: StateView,
  netuid: Netuid,
  hotkeys: readonly Hotkey[],
): Promise<Map<Hotkey, Commitment>> {
  const entry = at.query.commitments?.commitmentOf;
  if (!entry) throw missing("Commitments.CommitmentOf");
  const calls = hotkeys.map((hotkey) => [entry, [netuid, hotkey]]);
  const stored = calls.length > 0 ? await ask("commitments", () => at.queryMulti(calls as never)) : [];
  const found = new Map<Hotkey, Commitment>();
  for (const [index, hotkey] of hotkeys.entries()) {
    const commitment = stored[index]?.toJSON() as StoredCommitment | null | undefined;
    const [kind, hex] = Object.entries(commitment?.info.fields[0] ?? {})[0] ?? [];
    if (!commitment || !hex || !/^(raw\d+|bigRaw)$/.test(kind ?? "")) continue;
    const data = Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
    found.set(hotkey, { data, block: commitment.block });
  }
  return found;
}
