import type { IKeyringPair } from "@polkadot/types/types";
import type { Keypair } from "../keys/keypair.ts";

/** Prefix byte of an sr25519 signature in a MultiSignature. */
const SR25519 = 1;

/** What @polkadot/api wants to see of a key. It prefixes nothing itself, so the scheme byte is ours to add. */
export function asPair(signer: Keypair): IKeyringPair {
  const pair: Pick<IKeyringPair, "address" | "addressRaw" | "publicKey" | "sign"> = {
    address: signer.address,
    addressRaw: signer.publicKey,
    publicKey: signer.publicKey,
    sign: (message, options) => {
      const signature = signer.sign(message);
      return options?.withType ? Uint8Array.from([SR25519, ...signature]) : signature;
    },
  };
  return pair as IKeyringPair;
}
