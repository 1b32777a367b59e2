import type { Codec } from "@polkadot/types/types";
import { SubforgeError } from "../errors.ts";
import type { Coldkey, Hotkey, Netuid, Rao } from "../types.ts";
import { buildCall } from "./build-call.ts";
import type { Call } from "./chain.ts";
import {
  HYPERPARAMETER_NAMES,
  type HyperparameterName,
  type HyperparameterValue,
  type HyperparameterValues,
  hyperparameter,
} from "./hyperparameters.ts";
import type { SubnetInfo } from "./operator-chain.ts";
import { type Entry, readStorage, toNumber } from "./read-storage.ts";
import type { Moment, StateView } from "./read-subnet.ts";

const REGISTRATION_COST = "SubnetRegistrationRuntimeApi_get_network_registration_cost";

/** Twice what any network has had. */
const MAX_NETUIDS = 256;

/** Asked with an empty signature: the chain charges by length and weight, and looks at neither key nor nonce. */
export async function readFee(
  { rpc, head, runtime }: Moment,
  call: Call,
  account: Coldkey | Hotkey,
): Promise<Rao> {
  const { api } = runtime;
  const extrinsic = buildCall(api, call);
  const era = api.registry.createType("ExtrinsicEra", { current: head.number, period: 64 });
  const { genesisHash, runtimeVersion } = api;
  extrinsic.signFake(account, { blockHash: head.hash, era, genesisHash, nonce: 0, runtimeVersion });
  const answer = await rpc("payment_queryInfo", [extrinsic.toHex(), head.hash]);
  const fee = (answer as { partialFee?: unknown } | null)?.partialFee;
  if (typeof fee === "number" && Number.isSafeInteger(fee)) return BigInt(fee);
  if (typeof fee === "string" && /^(\d{1,39}|0x[0-9a-f]{1,32})$/.test(fee)) return BigInt(fee);
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "a fee", problem: "partialFee is no amount" });
}

export async function readBalance(view: StateView, account: Coldkey | Hotkey): Promise<Rao> {
  const { found } = await readStorage(view, { found: ["system.account", account] });
  const { data } = found.toJSON() as { data: { free: number | string } };
  return BigInt(data.free);
}

export async function readRegistrationCost({ rpc, head }: Moment): Promise<Rao> {
  const answer = await rpc("state_call", [REGISTRATION_COST, "0x", head.hash]);
  if (typeof answer !== "string" || !/^0x[0-9a-f]{16}$/.test(answer)) {
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "a registration's cost", problem: "it is no u64" });
  }
  return Buffer.from(answer.slice(2), "hex").readBigUInt64LE();
}

/** In one request: the chain keeps no list of them. */
export async function readSubnetsOf(view: StateView, owner: Coldkey) {
  const netuids = Array.from({ length: MAX_NETUIDS }, (_, netuid) => netuid);
  const column = (entry: string) =>
    readStorage(view, Object.fromEntries(netuids.map((netuid) => [netuid, [entry, netuid] as const])));
  const [owners, registered] = await Promise.all([column("subnetOwner"), column("networkRegisteredAt")]);
  return netuids.flatMap((netuid) =>
    owners[netuid]!.toString() === owner ? [{ netuid, registeredAt: toNumber(registered[netuid]!) }] : [],
  );
}

/** @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_CALL_UNKNOWN for storage the runtime does not have */
export async function readSubnetInfo(view: StateView, netuid: Netuid): Promise<SubnetInfo> {
  const rules = Object.fromEntries(
    HYPERPARAMETER_NAMES.map((name) => [name, [hyperparameter(name).entry, netuid]]),
  ) as unknown as Record<HyperparameterName, Entry>;
  const [stored, values] = await Promise.all([
    readStorage(view, {
      exists: ["networksAdded", netuid],
      owner: ["subnetOwner", netuid],
      ownerHotkey: ["subnetOwnerHotkey", netuid],
      neurons: ["subnetworkN", netuid],
      registeredAt: ["networkRegisteredAt", netuid],
      firstEmission: ["firstEmissionBlockNumber", netuid],
      startDelay: ["startCallDelay"],
      burn: ["burn", netuid],
      mechanisms: ["mechanismCountCurrent", netuid],
    }),
    readStorage(view, rules),
  ]);
  if (stored.exists.toJSON() !== true) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
  const hyperparameters = Object.fromEntries(
    HYPERPARAMETER_NAMES.map((name) => [name, toValue(values[name])]),
  ) as HyperparameterValues;
  const registeredAt = toNumber(stored.registeredAt);
  return {
    netuid,
    block: view.head.number,
    owner: stored.owner.toString(),
    ownerHotkey: stored.ownerHotkey.toString(),
    neurons: toNumber(stored.neurons),
    maxNeurons: Number(hyperparameters.max_uids),
    registeredAt,
    isStarted: !stored.firstEmission.isEmpty,
    startableFrom: registeredAt + toNumber(stored.startDelay),
    isRegistrationOpen: hyperparameters.registration_allowed === true,
    burnRao: BigInt(stored.burn.toString()),
    mechanisms: toNumber(stored.mechanisms),
    hyperparameters,
  };
}

function toValue(stored: Codec): HyperparameterValue {
  const json = stored.toJSON();
  if (typeof json === "boolean") return json;
  const whole = BigInt(stored.toString());
  return whole >= Number.MIN_SAFE_INTEGER && whole <= Number.MAX_SAFE_INTEGER ? Number(whole) : whole;
}
