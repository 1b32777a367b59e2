import { secp256k1 } from "@noble/curves/secp256k1.js";
import { blake2b256 } from "../../state/hashing.ts";
import { bytesToHex } from "../../types/hex.ts";
import type { Span } from "../guest-memory.ts";
import type { HostCall, HostFunctions } from "../host-call.ts";

const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
/** r, s and the recovery id. */
const ECDSA_SIGNATURE_BYTES = 65;
const ECDSA_KEY_BYTES = 33;
const DIGEST_BYTES = 32;

/** `EcdsaVerifyError` inside `Err`: a bad recovery id, or anything else about the signature. */
const BAD_V = Uint8Array.of(1, 1);
const BAD_SIGNATURE = Uint8Array.of(1, 2);

/** Checking signatures. Making them needs a keystore, which a development chain's host has not. */
export function cryptoFunctions({ memory, signatures }: HostCall): HostFunctions {
  const verify =
    (type: "Sr25519" | "Ed25519") =>
    (signature: number, message: Span, key: number): number => {
      const value = bytesToHex(memory.readAt(signature, SIGNATURE_BYTES));
      const signer = bytesToHex(memory.readAt(key, KEY_BYTES));
      return signatures.verify(memory.read(message), { type, value }, signer) ? 1 : 0;
    };
  const recover = (compressed: boolean) => (signature: number, digest: number) => {
    const recovered = recoverKey(
      memory.readAt(signature, ECDSA_SIGNATURE_BYTES),
      memory.readAt(digest, DIGEST_BYTES),
      compressed,
    );
    return memory.give(recovered);
  };
  const verifyEcdsa = (signature: number, digest: Uint8Array, key: number): number => {
    const recovered = recoverKey(memory.readAt(signature, ECDSA_SIGNATURE_BYTES), digest, true);
    return Buffer.compare(recovered.subarray(1), memory.readAt(key, ECDSA_KEY_BYTES)) === 0 ? 1 : 0;
  };
  const verifyEcdsaMessage = (signature: number, message: Span, key: number) =>
    verifyEcdsa(signature, blake2b256(memory.read(message)), key);
  return {
    ext_crypto_sr25519_verify_version_1: verify("Sr25519"),
    ext_crypto_sr25519_verify_version_2: verify("Sr25519"),
    ext_crypto_ed25519_verify_version_1: verify("Ed25519"),
    ext_crypto_ecdsa_verify_version_1: verifyEcdsaMessage,
    ext_crypto_ecdsa_verify_version_2: verifyEcdsaMessage,
    ext_crypto_ecdsa_verify_prehashed_version_1: (signature: number, digest: number, key: number) =>
      verifyEcdsa(signature, memory.readAt(digest, DIGEST_BYTES), key),
    ext_crypto_secp256k1_ecdsa_recover_version_1: recover(false),
    ext_crypto_secp256k1_ecdsa_recover_version_2: recover(false),
    ext_crypto_secp256k1_ecdsa_recover_compressed_version_1: recover(true),
    ext_crypto_secp256k1_ecdsa_recover_compressed_version_2: recover(true),
  };
}

/** @returns `Ok(key)` or `Err(why)` as SCALE; an uncompressed key comes without its leading 4 */
function recoverKey(signature: Uint8Array, digest: Uint8Array, compressed: boolean): Uint8Array {
  const v = signature[SIGNATURE_BYTES]!;
  const recovery = v > 26 ? v - 27 : v; // Ethereum counts from 27
  if (recovery > 3) return BAD_V;
  try {
    const key = secp256k1.Signature.fromBytes(signature.slice(0, SIGNATURE_BYTES), "compact")
      .addRecoveryBit(recovery)
      .recoverPublicKey(digest)
      .toBytes(compressed);
    return Buffer.concat([Uint8Array.of(0), compressed ? key : key.subarray(1)]);
  } catch {
    return BAD_SIGNATURE;
  }
}
