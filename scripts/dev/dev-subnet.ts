import type { Call, Chain } from "../../shared/chain/chain.ts";
import { sendCall } from "../../shared/chain/send-call.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { Keypair } from "../../shared/keys/keypair.ts";
import type { Hotkey, Netuid, Rao } from "../../shared/types.ts";

const TAO = 1_000_000_000n;

/** What a miner's coldkey owns at genesis: registration costs about 1 TAO, and more with each one. */
const MINER_FUNDS_RAO = 1_000n * TAO;
/** More than all miners have together, so that the validator is the one with a permit. */
const VALIDATOR_STAKE_RAO = 10_000n * TAO;

/** The public keys that play the roles of a development subnet. */
export const DEV_KEYS = {
  /** Owns the subnet, and is the chain's sudo key. */
  owner: "//Alice",
  ownerHotkey: "//Alice//hotkey",
  validatorOwner: "//Charlie",
  validatorHotkey: "//Bob",
} as const;

export type DevMinerKeys = { hotkey: Keypair; coldkey: Keypair };

/** Keys of the i-th miner of a development subnet, counted from 1. */
export function minerKeys(index: number): DevMinerKeys {
  return {
    hotkey: Keypair.fromUri(`//Miner//${index}//hotkey`),
    coldkey: Keypair.fromUri(`//Miner//${index}`),
  };
}

/** Genesis balances that `createDevSubnet` relies on, besides those every development chain has. */
export function devBalances(miners: readonly DevMinerKeys[]): { address: string; rao: Rao }[] {
  return miners.map(({ coldkey }) => ({ address: coldkey.address, rao: MINER_FUNDS_RAO }));
}

/**
 * Make a running subnet out of an empty development chain, by the calls anybody would use: register it, set its
 * rules, start it, register the validator and the miners, stake on the validator.
 *
 * @param options.tempo - Blocks per epoch.
 * @param options.commitReveal - Shall weights be committed first, as on a new subnet of the real chain?
 */
export async function createDevSubnet(
  chain: Chain,
  options: { tempo: number; commitReveal: boolean; miners: readonly DevMinerKeys[] },
): Promise<{ netuid: Netuid; validator: Hotkey }> {
  const owner = Keypair.fromUri(DEV_KEYS.owner);
  const validatorOwner = Keypair.fromUri(DEV_KEYS.validatorOwner);
  const validator = Keypair.fromUri(DEV_KEYS.validatorHotkey).address;
  const send = (call: Call, signer: Keypair) => sendCall(chain, call, signer);

  const ownerHotkey = Keypair.fromUri(DEV_KEYS.ownerHotkey).address;
  await send({ kind: "registerNetwork", hotkey: ownerHotkey }, owner);
  const netuid = await newestSubnet(chain, ownerHotkey);
  await send({ kind: "startCall", netuid }, owner);
  for (const [call, args] of devRules(netuid, options)) {
    await send({ kind: "sudo", pallet: "adminUtils", call, args }, owner);
  }
  const candidates = [{ hotkey: validator, coldkey: validatorOwner }].concat(
    options.miners.map(({ hotkey, coldkey }) => ({ hotkey: hotkey.address, coldkey })),
  );
  await Promise.all(
    candidates.map(({ hotkey, coldkey }) => send({ kind: "burnedRegister", netuid, hotkey }, coldkey)),
  );
  await send({ kind: "addStake", netuid, hotkey: validator, amountRao: VALIDATOR_STAKE_RAO }, validatorOwner);
  return { netuid, validator };
}

/** A development chain has no subnet of somebody else's with this owner hotkey in slot 0. */
async function newestSubnet(chain: Chain, ownerHotkey: Hotkey): Promise<Netuid> {
  for (let netuid = 1; ; netuid++) {
    const { neurons } = await chain.metagraph(netuid).catch((error: unknown) => {
      throw new SubforgeError(
        "INTERNAL",
        { what: "the new subnet was not found on the development chain" },
        { cause: error },
      );
    });
    if (neurons[0]?.hotkey === ownerHotkey) return netuid;
  }
}

/** What a development subnet sets differently from a new one, by the calls of the chain's own administrator. */
function devRules(
  netuid: Netuid,
  { tempo, commitReveal }: { tempo: number; commitReveal: boolean },
): [call: string, args: Record<string, unknown>][] {
  return [
    // Off, weights become visible in the same epoch; on, an epoch later.
    ["sudoSetCommitRevealWeightsEnabled", { netuid, enabled: commitReveal }],
    // The real limit of 100 blocks is longer than a development epoch.
    ["sudoSetWeightsSetRateLimit", { netuid, weightsSetRateLimit: 0 }],
    ["sudoSetServingRateLimit", { netuid, servingRateLimit: 0 }],
    ["sudoSetSubnetEmissionEnabled", { netuid, enabled: true }],
    // Last: it restarts the epoch clock, and inside the freeze window nothing else may be set.
    ["sudoSetTempo", { netuid, tempo }],
  ];
}
