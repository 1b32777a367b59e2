import { option, record, vec } from "../../types/composites.ts";
import { U8, U16, U64 } from "../../types/primitives.ts";
import { AccountId } from "../../types/substrate-types.ts";
import { invalidParams } from "../rpc-error.ts";
import { callRuntime } from "./call-runtime.ts";
import { accountParam, bytesParam, listParam, numberParam } from "./params.ts";
import type { RpcMethod, RpcMethods } from "./rpc.ts";

/** Fields of a metagraph that one call may name. */
const MAX_FIELDS = 1_000;

const MAX_U16 = 65_535;
const MAX_U64 = 2n ** 64n - 1n;

/** How a parameter becomes an argument of the runtime API. */
type Argument = (value: unknown) => Uint8Array;

const netuid: Argument = (value) => U16.encode(within(value, "netuid", MAX_U16));
const uid: Argument = (value) => U16.encode(within(value, "uid", MAX_U16));
const mechanism: Argument = (value) => U8.encode(within(value, "mecid", 255));
const account: Argument = (value) => AccountId.encode(accountParam(value));
const fields: Argument = (value) =>
  vec(U16).encode(listParam(value, "fields", MAX_FIELDS).map((field) => within(field, "field", MAX_U16)));
const rao: Argument = (value) => {
  const amount =
    typeof value === "string" && /^\d{1,20}$/.test(value) ? BigInt(value) : BigInt(numberParam(value, "rao"));
  if (amount > MAX_U64) throw invalidParams("an amount must fit into 64 bits");
  return U64.encode(amount);
};
/** The bytes of an account, which Substrate also takes as a list of numbers. */
const accountBytes: Argument = (value) => {
  const bytes = Array.isArray(value)
    ? Uint8Array.from(listParam(value, "account", 32), Number)
    : bytesParam(value, "account");
  if (bytes.length !== 32) throw invalidParams("an account is 32 bytes");
  return bytes;
};

const toNumber = (answer: Uint8Array) => Number(U64.decode(answer));
const Prices = vec(record("SubnetPrice", { netuid: U16, price: U64 }));

/**
 * The methods that a Subtensor adds to those of Substrate: runtime APIs under other names, which answer their SCALE bytes
 * as a list of numbers.
 */
export const subtensorMethods: RpcMethods = {
  delegateInfo_getDelegates: asking("DelegateInfoRuntimeApi_get_delegates", []),
  delegateInfo_getDelegate: asking("DelegateInfoRuntimeApi_get_delegate", [accountBytes]),
  delegateInfo_getDelegated: asking("DelegateInfoRuntimeApi_get_delegated", [accountBytes]),
  neuronInfo_getNeuronsLite: asking("NeuronInfoRuntimeApi_get_neurons_lite", [netuid]),
  neuronInfo_getNeuronLite: asking("NeuronInfoRuntimeApi_get_neuron_lite", [netuid, uid]),
  neuronInfo_getNeurons: asking("NeuronInfoRuntimeApi_get_neurons", [netuid]),
  neuronInfo_getNeuron: asking("NeuronInfoRuntimeApi_get_neuron", [netuid, uid]),
  subnetInfo_getSubnetInfo: asking("SubnetInfoRuntimeApi_get_subnet_info", [netuid]),
  subnetInfo_getSubnetsInfo: asking("SubnetInfoRuntimeApi_get_subnets_info", []),
  subnetInfo_getSubnetInfo_v2: asking("SubnetInfoRuntimeApi_get_subnet_info_v2", [netuid]),
  subnetInfo_getSubnetsInfo_v2: asking("SubnetInfoRuntimeApi_get_subnets_info_v2", []),
  subnetInfo_getSubnetHyperparams: asking("SubnetInfoRuntimeApi_get_subnet_hyperparams", [netuid]),
  subnetInfo_getSubnetHyperparamsV2: asking("SubnetInfoRuntimeApi_get_subnet_hyperparams_v2", [netuid]),
  subnetInfo_getAllDynamicInfo: asking("SubnetInfoRuntimeApi_get_all_dynamic_info", []),
  subnetInfo_getDynamicInfo: asking("SubnetInfoRuntimeApi_get_dynamic_info", [netuid]),
  subnetInfo_getAllMetagraphs: asking("SubnetInfoRuntimeApi_get_all_metagraphs", []),
  subnetInfo_getMetagraph: asking("SubnetInfoRuntimeApi_get_metagraph", [netuid]),
  subnetInfo_getAllMechagraphs: asking("SubnetInfoRuntimeApi_get_all_mechagraphs", []),
  subnetInfo_getMechagraph: asking("SubnetInfoRuntimeApi_get_mechagraph", [netuid, mechanism]),
  subnetInfo_getSubnetState: asking("SubnetInfoRuntimeApi_get_subnet_state", [netuid]),
  subnetInfo_getSelectiveMetagraph: asking("SubnetInfoRuntimeApi_get_selective_metagraph", [netuid, fields]),
  subnetInfo_getSelectiveMechagraph: asking("SubnetInfoRuntimeApi_get_selective_mechagraph", [
    netuid,
    mechanism,
    fields,
  ]),
  subnetInfo_getColdkeyAutoStakeHotkey: asking("SubnetInfoRuntimeApi_get_coldkey_auto_stake_hotkey", [
    account,
    netuid,
  ]),
  subnetInfo_getSubnetAccountId: asking("SubnetInfoRuntimeApi_get_subnet_account_id", [netuid]),
  subnetInfo_getSubnetToPrune: asking(
    "SubnetInfoRuntimeApi_get_subnet_to_prune",
    [],
    (answer) => option(U16).decode(answer) ?? null,
  ),
  subnetInfo_getLockCost: asking("SubnetRegistrationRuntimeApi_get_network_registration_cost", [], toNumber),
  stakeInfo_getColdkeyLock: asking("StakeInfoRuntimeApi_get_coldkey_lock", [account, netuid]),
  swap_currentAlphaPrice: asking("SwapRuntimeApi_current_alpha_price", [netuid], toNumber),
  swap_currentAlphaPriceAll: asking("SwapRuntimeApi_current_alpha_price_all", [], (answer) =>
    Prices.decode(answer).map(({ netuid, price }) => ({ netuid, price: Number(price) })),
  ),
  swap_simSwapTaoForAlpha: asking("SwapRuntimeApi_sim_swap_tao_for_alpha", [netuid, rao]),
  swap_simSwapAlphaForTao: asking("SwapRuntimeApi_sim_swap_alpha_for_tao", [netuid, rao]),
};

/** The block hash comes after the arguments, and may be missing. */
function asking(
  method: string,
  args: readonly Argument[],
  show: (answer: Uint8Array) => unknown = (answer) => [...answer],
): RpcMethod {
  return (params, { node }) => {
    const encoded = Buffer.concat(args.map((encode, i) => encode(params[i])));
    return show(callRuntime(node, method, encoded, params[args.length]));
  };
}

function within(value: unknown, name: string, most: number): number {
  const number = numberParam(value, name);
  if (number > most) throw invalidParams(`${name} is at most ${most}`);
  return number;
}
