import type { Hex } from "../../shared/types.ts";
import type { Header } from "../engine.ts";
import { blake2b256 } from "../state/hashing.ts";
import { record, vec } from "../types/composites.ts";
import { bytesToHex, hexToBytes } from "../types/hex.ts";
import { CompactU32 } from "../types/primitives.ts";
import { DigestItem, H256 } from "../types/substrate-types.ts";

const HeaderNode = record("sp_runtime::generic::header::Header", {
  parentHash: H256,
  number: CompactU32,
  stateRoot: H256,
  extrinsicsRoot: H256,
  digest: vec(DigestItem),
});

/** Hash of a block: blake2b-256 of its encoded header. Clients recompute it. */
export function headerHash(header: Header): Hex {
  const digest = header.digest.map((item) => DigestItem.decode(hexToBytes(item)));
  return bytesToHex(blake2b256(HeaderNode.encode({ ...header, digest })));
}
