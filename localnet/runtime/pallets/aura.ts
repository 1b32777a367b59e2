import { U64 } from "../../types/primitives.ts";
import { constant, type Pallet } from "../dsl/pallet.ts";

/**
 * The real chain's block authorship. Nobody takes turns here: only the time between blocks is told, by which clients
 * know a fast chain.
 *
 * @param slotMs - Milliseconds.
 */
export function createAura(slotMs: number): Pallet {
  return {
    name: "Aura",
    index: 3,
    path: "pallet_aura::pallet",
    constants: { SlotDuration: constant(U64, BigInt(slotMs)) },
  };
}
