/**
 * The bytes a key signs to stand for a digest: a short text in the wrapper of browser extensions. No call of a chain
 * begins so, hence no such signature can ever move anything, and `subforge wallet verify` takes the text between the
 * wrapper's ends.
 *
 * @param kind - What the digest is of, with its version: no two kinds share it. `result/1`.
 * @param digest - 32 bytes.
 */
export function statementBytes(kind: string, digest: Uint8Array): Uint8Array {
  return Buffer.from(`<Bytes>${statementText(kind, digest)}</Bytes>`);
}

/** @example "subforge result/1 0x00…" */
export function statementText(kind: string, digest: Uint8Array): string {
  return `subforge ${kind} 0x${Buffer.from(digest).toString("hex")}`;
}
