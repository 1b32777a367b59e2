import type { Keypair } from "../../shared/keys/keypair.ts";
import type { Hex } from "../../shared/types.ts";
import type { Era } from "../types/era.ts";
import { bytesToHex } from "../types/hex.ts";
import { CompactU32 } from "../types/primitives.ts";
import { MultiAddress, MultiSignature } from "../types/substrate-types.ts";
import type { TypeNode } from "../types/type-node.ts";
import type { RuntimeCall } from "./dsl/context.ts";
import { SignedExtra } from "./extensions.ts";
import { signedPayload } from "./extrinsic.ts";
import { SPEC_VERSION, TRANSACTION_VERSION } from "./version.ts";

export type SigningOptions = {
  nonce: number;
  tip?: bigint;
  era?: Era;
  genesisHash: Hex;
  /** Hash of the block the era began at; the genesis hash for an immortal one. */
  birthHash?: Hex;
  specVersion?: number;
};

/**
 * Sign a call as a client does. The chain itself never signs: tests and benchmarks use it to do without a client.
 *
 * @param node - The type of all calls of the runtime.
 */
export function signExtrinsic(
  pair: Keypair,
  node: TypeNode<RuntimeCall>,
  call: RuntimeCall,
  options: SigningOptions,
): Uint8Array {
  const { nonce, tip = 0n, era, genesisHash, birthHash = genesisHash, specVersion = SPEC_VERSION } = options;
  const callBytes = node.encode(call);
  const extra: SignedExtra = { era, nonce, tip, mode: { type: "Disabled" } };
  const payload = signedPayload(callBytes, extra, {
    specVersion,
    transactionVersion: TRANSACTION_VERSION,
    genesisHash,
    birthHash,
    metadataHash: undefined,
  });
  const body = Buffer.concat([
    Uint8Array.of(0x84),
    MultiAddress.encode({ type: "Id", value: bytesToHex(pair.publicKey) }),
    MultiSignature.encode({ type: "Sr25519", value: bytesToHex(pair.sign(payload)) }),
    SignedExtra.encode(extra),
    callBytes,
  ]);
  return new Uint8Array(Buffer.concat([CompactU32.encode(body.length), body]));
}
