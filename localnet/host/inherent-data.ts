import { tuple, vec } from "../types/composites.ts";
import { Bytes, fixedBytes, U64 } from "../types/primitives.ts";

const InherentData = vec(tuple(fixedBytes(8), Bytes));

/** Names under which a block author tells the runtime what it knows. Sources: sp-timestamp, sp-consensus-aura. */
const TIMESTAMP = nameOf("timstap0");
const AURA_SLOT = nameOf("auraslot");

/** What only the author of a block knows, as SCALE: the time, and the slot it falls into. */
export function inherentData(nowMs: bigint, slot: bigint): Uint8Array {
  // A map on the other side: its keys come in order.
  return InherentData.encode([
    [AURA_SLOT, U64.encode(slot)],
    [TIMESTAMP, U64.encode(nowMs)],
  ]);
}

function nameOf(text: string) {
  return `0x${Buffer.from(text).toString("hex")}` as const;
}
