import { type HostFunctions, RefusedHostFunction } from "../host-call.ts";

/**
 * What this host knows and does not serve: the network and the clock of offchain workers, a keystore, storage proofs.
 * A runtime that imports them runs; one that calls them is stopped by name.
 */
const REFUSED = [
  /^ext_offchain_\w+_version_\d+$/,
  /^ext_crypto_(ed25519|sr25519|ecdsa|bls381|ecdsa_bls381)_(generate|sign|sign_prehashed|public_keys)_version_\d+$/,
  /^ext_trie_(blake2_256|keccak_256)_verify_proof_version_\d+$/,
  /^ext_trie_keccak_256_(ordered_)?root_version_\d+$/,
  /^ext_transaction_index_(index|renew)_version_\d+$/,
];

/** @returns undefined for a name this host does not know */
export function refusedFunction(name: string): HostFunctions[string] | undefined {
  if (!REFUSED.some((pattern) => pattern.test(name))) return undefined;
  return () => {
    throw new RefusedHostFunction(`${name} is not served here: no offchain workers, no keystore, no proofs`);
  };
}
