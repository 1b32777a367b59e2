/** 32 bytes as a keyfile writes them: a public key, a seed, an ed25519 private key. */
export const HEX_32 = /^0x[0-9a-fA-F]{64}$/;
/** 64 bytes as a keyfile writes them: an sr25519 private key. */
export const HEX_64 = /^0x[0-9a-fA-F]{128}$/;

/**
 * An sr25519 private key as a keyfile holds it: the scalar itself. The library holds the scalar times 8 (an ed25519
 * habit), next to the same nonce; a file in the library's form would open as another key.
 */
export function toFileForm(secretKey: Uint8Array): Uint8Array {
  return withScalar(secretKey, scalarOf(secretKey) >> 3n);
}

/** @returns undefined when the scalar times 8 needs more than 32 bytes: it is not reduced. */
export function toLibraryForm(secretKey: Uint8Array): Uint8Array | undefined {
  const scalar = scalarOf(secretKey) << 3n;
  return scalar < 1n << 256n ? withScalar(secretKey, scalar) : undefined;
}

export function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

/** @param hex - Already checked to be hex after `0x`. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
}

function scalarOf(secretKey: Uint8Array): bigint {
  return BigInt(toHex(secretKey.slice(0, 32).reverse()));
}

function withScalar(secretKey: Uint8Array, scalar: bigint): Uint8Array {
  const bytes = secretKey.slice();
  bytes.set(fromHex(`0x${scalar.toString(16).padStart(64, "0")}`).reverse());
  return bytes;
}
