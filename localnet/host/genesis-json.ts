import { toAddress } from "../../shared/keys/keypair.ts";
import type { Hex } from "../../shared/types.ts";
import type { GenesisConfig } from "../runtime/dsl/genesis.ts";
import { hexToBytes } from "../types/hex.ts";

/** `//Alice` as ed25519: who would finalize blocks. Public knowledge, like all development keys. */
const ALICE_ED25519 = "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu";

/** Chain id of the EVM, as on the real local network. */
const EVM_CHAIN_ID = 42;

/** A whole number beyond what JavaScript reads exactly, in JSON text. */
const WIDE_NUMBER = /(?<=[:[,]\s*)(\d{16,39})(?=\s*[,\]}])/g;
const MARKED_NUMBER = /"#(\d{1,39})"/g;

/**
 * The runtime's own default genesis with our accounts in it. Only sections the runtime knows are filled in: it refuses
 * others.
 *
 * @param preset - JSON as the runtime gave it.
 * @param author - Who makes the blocks.
 * @returns JSON for `GenesisBuilder_build_state`
 * @throws SyntaxError when the preset is no JSON object
 */
export function genesisJson(preset: string, { balances, sudo }: GenesisConfig, author: Hex): string {
  const config: unknown = JSON.parse(preset.replace(WIDE_NUMBER, '"#$1"'));
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw new SyntaxError("the preset is no object");
  const sections = config as Record<string, object | undefined>;
  const ours: Record<string, object> = {
    aura: { authorities: [addressOf(author)] },
    balances: { balances: balances.map(({ account, rao }) => [addressOf(account), `#${rao}`]) },
    evmChainId: { chainId: EVM_CHAIN_ID },
    grandpa: { authorities: [[ALICE_ED25519, 1]] },
    sudo: { key: addressOf(sudo) },
  };
  for (const [name, section] of Object.entries(ours))
    if (sections[name] !== undefined) sections[name] = { ...sections[name], ...section };
  return JSON.stringify(sections).replace(MARKED_NUMBER, "$1");
}

function addressOf(account: Hex): string {
  return toAddress(hexToBytes(account));
}
