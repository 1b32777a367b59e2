import type { RuntimeCall } from "../../localnet/runtime/dsl/context.ts";
import { createPallets } from "../../localnet/runtime/pallets.ts";
import { declareRuntime } from "../../localnet/runtime/runtime-types.ts";
import { signExtrinsic } from "../../localnet/runtime/sign-extrinsic.ts";
import { bytesToHex } from "../../localnet/types/hex.ts";
import { Keypair } from "../../shared/keys/keypair.ts";
import type { Hex } from "../../shared/types.ts";
import type { ChainProcess } from "./chain-process.ts";

const SUBTENSOR = "SubtensorModule";
const TAO = 1_000_000_000n;
/** The first subnet that anybody makes on a development chain. */
const NETUID = 2;
const TEMPO = 360;
/** Registrations that fit into one block. */
const BATCH = 32;

/** Signs what a benchmark sends, nonces counted here. */
export class Sender {
  readonly #chain: ChainProcess;
  readonly #callType = declareRuntime(createPallets({ slotMs: 12_000 })).types.call;
  readonly #nonces = new Map<string, number>();

  constructor(chain: ChainProcess) {
    this.#chain = chain;
  }

  sign(pair: Keypair, pallet: string, name: string, args: Record<string, unknown>): Hex {
    const nonce = this.#nonces.get(pair.address) ?? 0;
    this.#nonces.set(pair.address, nonce + 1);
    const { genesisHash } = this.#chain;
    return bytesToHex(
      signExtrinsic(pair, this.#callType, callOf(pallet, name, args), { nonce, genesisHash }),
    );
  }

  async send(pair: Keypair, pallet: string, name: string, args: Record<string, unknown>): Promise<void> {
    await this.#chain.call("author_submitExtrinsic", this.sign(pair, pallet, name, args));
  }

  /** As the chain's administrator. */
  root(name: string, args: Record<string, unknown>): Promise<void> {
    return this.send(alice(), "Sudo", "sudo", { call: callOf("AdminUtils", name, args) });
  }
}

/** Owns the subnet and every neuron in it, and is the administrator of the chain. */
function alice(): Keypair {
  return Keypair.fromUri("//Alice");
}

/**
 * Make a running subnet in which every uid is taken and some validators weigh all of them, by the calls anybody would use.
 *
 * @param neurons - Including the owner's.
 * @returns Who sent it all, and knows the nonces.
 */
export async function fillSubnet(
  chain: ChainProcess,
  { neurons, validators }: { neurons: number; validators: number },
): Promise<Sender> {
  const sender = new Sender(chain);
  const block = () => chain.call("dev_newBlock");
  const subtensor = (name: string, args: Record<string, unknown>) =>
    sender.send(alice(), SUBTENSOR, name, args);
  const root = (name: string, args: Record<string, unknown>) =>
    sender.root(name, { netuid: NETUID, ...args });

  await subtensor("register_network", { hotkey: hotkeyOf(0) });
  await block();
  await subtensor("start_call", { netuid: NETUID });
  await root("sudo_set_commit_reveal_weights_enabled", { enabled: false });
  await root("sudo_set_subnet_emission_enabled", { enabled: true });
  await root("sudo_set_tempo", { tempo: TEMPO });
  await block();
  for (let first = 1; first < neurons; first += BATCH) {
    const uids = Array.from({ length: Math.min(BATCH, neurons - first) }, (_, i) => first + i);
    const calls = uids.flatMap((uid) => [
      callOf(SUBTENSOR, "burned_register", { netuid: NETUID, hotkey: hotkeyOf(uid) }),
      ...(uid <= validators ? [stakeOn(uid)] : []),
    ]);
    await sender.send(alice(), "Utility", "batch_all", { calls });
    await block();
  }
  await chain.call("dev_newBlock", { count: 2 * TEMPO }); // gives the permits
  const everybody = Array.from({ length: neurons }, (_, uid) => uid);
  for (let uid = 1; uid <= validators; uid++) {
    const dests = everybody.filter((dest) => dest !== uid);
    const weights = dests.map((dest) => 1 + ((dest * 7919 + uid * 104_729) % 65_535));
    await sender.send(pairOf(uid), SUBTENSOR, "set_weights", {
      netuid: NETUID,
      dests,
      weights,
      version_key: 0n,
    });
  }
  await block();
  return sender;
}

function stakeOn(uid: number): RuntimeCall {
  return callOf(SUBTENSOR, "add_stake", {
    hotkey: hotkeyOf(uid),
    netuid: NETUID,
    amount_staked: BigInt(100 + uid) * TAO,
  });
}

function callOf(pallet: string, name: string, args: Record<string, unknown>): RuntimeCall {
  return { type: pallet, value: { type: name, value: args } };
}

/** Secret URI of a uid's hotkey. */
export function neuronKey(uid: number): string {
  return `//Neuron//${uid}`;
}

function pairOf(uid: number): Keypair {
  return Keypair.fromUri(neuronKey(uid));
}

function hotkeyOf(uid: number): Hex {
  return bytesToHex(pairOf(uid).publicKey);
}
