import type { Header } from "./engine.ts";
import { record, vec } from "./types/composites.ts";
import { bytesToHex, hexToBytes } from "./types/hex.ts";
import { CompactU32 } from "./types/primitives.ts";
import { DigestItem, H256 } from "./types/substrate-types.ts";

const HeaderNode = record("sp_runtime::generic::header::Header", {
  parentHash: H256,
  number: CompactU32,
  stateRoot: H256,
  extrinsicsRoot: H256,
  digest: vec(DigestItem),
});

/** A header as SCALE: what its hash is taken of, and what a runtime blob takes and answers. */
export function encodeHeader(header: Header): Uint8Array {
  const digest = header.digest.map((item) => DigestItem.decode(hexToBytes(item)));
  return HeaderNode.encode({ ...header, digest });
}

export function decodeHeader(bytes: Uint8Array): Header {
  const { digest, ...header } = HeaderNode.decode(bytes);
  return { ...header, digest: digest.map((item) => bytesToHex(DigestItem.encode(item))) };
}
