import type { SubmittableExtrinsic } from "@polkadot/api/types";
import type { ExtrinsicPayloadValue, Registry } from "@polkadot/types/types";
import type { ChainSigner } from "../keys/external-signer.ts";
import { Keypair, type KeyScheme } from "../keys/keypair.ts";
import { signedBytesOf } from "../keys/signing-payload.ts";

/** Number of a scheme in a MultiSignature. */
const SCHEME_BYTE: Record<KeyScheme, number> = { ed25519: 0, sr25519: 1 };

/**
 * Sign a call, here or by an external signer, and write the signature into it. What is signed are the very bytes that
 * the chain will check.
 *
 * @param extensions - What the signature covers besides the call: era, nonce, tip, versions, chain.
 * @throws SubforgeError SIGNER_UNREACHABLE, SIGNER_TIMEOUT, SIGNER_REFUSED, SIGNER_BAD_ANSWER: nothing was signed
 */
export async function signExtrinsic(
  registry: Registry,
  extrinsic: SubmittableExtrinsic<"promise">,
  signer: ChainSigner,
  extensions: Omit<ExtrinsicPayloadValue, "method">,
): Promise<void> {
  const { version } = extrinsic;
  const value: ExtrinsicPayloadValue = { ...extensions, method: extrinsic.method.toHex() };
  const payload = registry.createType("ExtrinsicPayload", value, { version }).toU8a(true);
  const signature =
    signer instanceof Keypair ? signer.sign(signedBytesOf(payload)) : await signer.signPayload(payload);
  const multiSignature = Uint8Array.from([SCHEME_BYTE[signer.scheme], ...signature]);
  extrinsic.addSignature(signer.address, multiSignature, value);
}
