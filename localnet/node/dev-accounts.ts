import type { Rao } from "../../shared/types.ts";
import type { Account } from "../runtime/dsl/context.ts";

const TAO = 1_000_000_000n;

export type DevAccount = { uri: string; account: Account; rao: Rao };

/**
 * Who has money on a fresh chain, as on the real local network. The keys belong to everybody. Written down because
 * deriving them from their secret URIs takes longer than all the rest of a start.
 */
export const DEV_ACCOUNTS: readonly DevAccount[] = [
  rich("Alice", "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"),
  rich("Bob", "8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48"),
  rich("Charlie", "90b5ab205c6974c9ea841be688864633dc9ca8a357843eeacf2314649965fe22"),
  poor("Dave", "306721211d5404bd9da88e0204360a1a9ab8b87c66c1bc2fcdd37f3c2222cc20"),
  poor("Eve", "e659a7a1628cdd93febc04a4e0646ea20e9f5f0ce097d9a05290d4a9e054df4e"),
  poor("Ferdie", "1cbd2d43530a44705ad088af313e18f80b53ef16b36177cd4b77b846f2a5f07c"),
  poor("One", "ac859f8a216eeb1b320b4c76d118da3d7407fa523484d0a980126d3b4d0d220a"),
  poor("Two", "1254f7017f0b8347ce7ab14f96d818802e7e9e0c0d1b7c9acb3c726b080e7a03"),
  poor("Three", "9026941b7aa2328a8c5ea4e25bb747a2bf92a066fae0cc3722faf58cf44d3502"),
];

/** `//Alice`, who may do everything. */
export const DEV_SUDO: Account = DEV_ACCOUNTS[0]!.account;

function rich(name: string, publicKey: string): DevAccount {
  return { uri: `//${name}`, account: `0x${publicKey}`, rao: 1_000_000n * TAO };
}

function poor(name: string, publicKey: string): DevAccount {
  return { uri: `//${name}`, account: `0x${publicKey}`, rao: 2_000n * TAO };
}
