import type { Hex } from "../../shared/types.ts";
import type { Header } from "../engine.ts";
import { encodeHeader } from "../header-codec.ts";
import { blake2b256 } from "../state/hashing.ts";
import { bytesToHex } from "../types/hex.ts";

/** Hash of a block: blake2b-256 of its encoded header. Clients recompute it. */
export function headerHash(header: Header): Hex {
  return bytesToHex(blake2b256(encodeHeader(header)));
}
