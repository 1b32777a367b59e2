import { blake2AsU8a, secp256k1Compress, secp256k1Recover } from "@polkadot/util-crypto";
import { verifyEd25519, verifySr25519 } from "../../shared/keys/keypair.ts";
import { blake2b256 } from "../state/hashing.ts";
import { bytesToHex, hexToBytes } from "../types/hex.ts";
import type { MultiSignature } from "../types/substrate-types.ts";
import type { Account } from "./dsl/context.ts";

/** Good signatures that are remembered. */
const MAX_REMEMBERED = 16_384;

/**
 * Checks signatures and remembers the good ones: a transaction is checked when it is submitted and again when it is
 * put into a block, and an sr25519 check costs more than everything else about it.
 */
export class SignatureCheck {
  readonly #good = new Set<string>();

  verify(payload: Uint8Array, signature: MultiSignature, signer: Account): boolean {
    const bytes = hexToBytes(signature.value);
    const key = Buffer.from(blake2b256(Buffer.concat([payload, bytes, hexToBytes(signer)]))).toString(
      "latin1",
    );
    if (this.#good.has(key)) return true;
    if (!verifyAny(payload, signature.type, bytes, signer)) return false;
    if (this.#good.size >= MAX_REMEMBERED) this.#good.delete(this.#good.values().next().value!);
    this.#good.add(key);
    return true;
  }
}

function verifyAny(
  payload: Uint8Array,
  kind: MultiSignature["type"],
  signature: Uint8Array,
  signer: Account,
): boolean {
  if (kind === "Sr25519") return verifySr25519(payload, signature, hexToBytes(signer));
  if (kind === "Ed25519") return verifyEd25519(payload, signature, hexToBytes(signer));
  return verifyEcdsa(payload, signature, signer);
}

/** The account of an ecdsa key is the hash of its compressed public key. */
function verifyEcdsa(payload: Uint8Array, signature: Uint8Array, signer: Account): boolean {
  try {
    const publicKey = secp256k1Recover(blake2AsU8a(payload), signature.slice(0, 64), signature[64]!);
    return bytesToHex(blake2AsU8a(secp256k1Compress(publicKey))) === signer;
  } catch {
    return false; // no point of the curve
  }
}
